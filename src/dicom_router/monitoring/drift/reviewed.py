"""A table of films that a person looked at: which label each has, keyed by a UID that is hashed on reading."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.errors import DataError, UnknownLabel
from dicom_router.labels import CLASSES, parse_label
from dicom_router.monitoring.log.records import Row

KEYS: Final = {"SOPInstanceUID": "instance", "image": "image"}  # column of the table, column of the log
ACCESSION: Final = "AccessionNumber"  # of a study, which may hold several films
KEYS_OF_STUDIES: Final = {**KEYS, ACCESSION: "accession"}
LABEL: Final = "label"
SEPARATORS: Final = ",;\t"  # a spreadsheet writes that of its country


@dataclass(frozen=True)
class Reviewed:
    """Labels by the pseudonyms that stand in ``column`` of the log."""

    column: str
    labels: Mapping[str, str]
    empty: int = 0  # rows of the table without a label


@dataclass(frozen=True)
class Agreement:
    """How often the model said what a person did."""

    reviewed: int
    agreed: int
    missing: int  # reviewed films that the window does not hold, or that have no answer
    confidence: float  # mean, of the reviewed films
    by_class: Mapping[str, tuple[int, int]]  # a person's label: reviewed and agreed


def read_reviewed(path: Path, pseudonyms: Pseudonyms, keys: Mapping[str, str] = KEYS) -> Reviewed:
    """Read a CSV of ``label`` and one of ``keys``: ``SOPInstanceUID``, or ``image`` as the log names it.

    Rows without a label are films that nobody has looked at yet.

    Raises:
        DataError: it is missing, lacks a column, names a film twice with two labels, or holds a label that is none.
    """
    rows = read_rows(path)
    columns = set(rows[0]) if rows else set()
    key = next((name for name in keys if name in columns), None)
    if key is None or LABEL not in columns:
        there = f"the columns {', '.join(map(str, rows[0]))}" if rows else "no rows"
        raise DataError(f"{path} has {there}; needed are a row a film, {LABEL}, and one of {', '.join(keys)}")
    labels: dict[str, str] = {}
    empty = len(rows) - count_labels(rows)
    for number, row in enumerate(rows, start=2):
        if not (row[LABEL] or "").strip():
            continue
        name = _pseudonym(key, row[key] or "", pseudonyms)
        label = _label(path, number, row[LABEL] or "")
        if labels.setdefault(name, label) != label:
            raise DataError(f"{path}, line {number}: this film has another label further up: decide which is right")
    return Reviewed(keys[key], labels, empty)


def read_rows(path: Path) -> list[dict[str, str | None]]:
    """Return the rows of a table that is separated by commas, semicolons or tabs.

    Raises:
        DataError: it is missing, or no table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = max(SEPARATORS, key=file.readline().count)
            file.seek(0)
            return list(csv.DictReader(file, delimiter=separator))
    except FileNotFoundError:
        raise DataError(f"{path} is missing: it lists the films that a person looked at") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV in UTF-8 ({error}): save it as one") from None


def count_labels(rows: Iterable[Mapping[str, str | None]]) -> int:
    """Return how many rows have a label."""
    return sum(bool((row.get(LABEL) or "").strip()) for row in rows)


def agree(reviewed: Reviewed, films: Iterable[Row]) -> Agreement:
    """Compare with the answers in ``films``, rows of the log."""
    counts = {name: [0, 0] for name in CLASSES}
    confidence, seen = 0.0, set()
    for film in films:
        name = film[reviewed.column]
        label = reviewed.labels.get(name)
        if label is None or not film["label"] or name in seen:
            continue
        seen.add(name)
        counts[label][0] += 1
        counts[label][1] += film["label"] == label
        confidence += max(film[f"p_{each}"] for each in CLASSES)
    n = len(seen)
    by_class = {name: (count[0], count[1]) for name, count in counts.items()}
    agreed = sum(right for _, right in by_class.values())
    return Agreement(n, agreed, len(reviewed.labels) - n, confidence / n if n else 0.0, by_class)


def _pseudonym(key: str, value: str, pseudonyms: Pseudonyms) -> str:
    hashed = {"SOPInstanceUID": pseudonyms.uid, ACCESSION: pseudonyms.accession}
    return hashed.get(key, str.strip)(value)


def _label(path: Path, number: int, text: str) -> str:
    try:
        return parse_label(text)
    except UnknownLabel as error:
        raise DataError(f"{path}, line {number}: {error}") from None
