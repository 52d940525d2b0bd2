"""A label table as hospitals write it: three separators, with or without a mark of the encoding, UTF-8 or Latin-1."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from dicom_router.dataset.importing.ages import coarse
from dicom_router.dataset.importing.facts import sex, view
from dicom_router.dataset.importing.labelling import Assigned, Entry, Unassigned, path_key
from dicom_router.dataset.table import SPLITS
from dicom_router.dicom.header import parse_age
from dicom_router.errors import DataError, UnknownLabel
from dicom_router.labels import parse_label
from dicom_router.reasons import Reason

REQUIRED: Final = ("path", "label")
USED: Final = ("patient_id", "study_id", "age_years", "sex", "view", "split")
OUTSIDE: Final = "the path leads out of the folder that holds the table"
SEPARATORS: Final = (",", ";", "\t")
# The mark at the start of a file that gives its encoding away; without one UTF-8 is tried, then Latin-1.
MARKS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class LabelTable:
    """What a table says: ``rows`` by the key of the file that each names.

    ``unusable`` lists the paths that can name no file, and why. ``notes`` say
    what was not used, without quoting a value.
    """

    rows: Mapping[str, Entry]
    unusable: tuple[tuple[str, Unassigned], ...] = ()
    notes: tuple[str, ...] = ()


def read_label_table(path: Path) -> LabelTable:
    """Read the label table ``path``.

    Raises:
        DataError: it cannot be read, is no text, lacks ``path`` or ``label``, or names a split that does not exist.
    """
    records, columns = _records(path)
    _require_known_splits(path, records)
    rows: dict[str, Entry] = {}
    unusable: dict[str, Unassigned] = {}
    for record in records:
        key = path_key(record["path"])
        if not key:
            unusable[""] = Unassigned(Reason.MISSING_FILE, "one row or more name no file: their path is empty")
        elif _leads_outside(key):
            unusable[record["path"]] = Unassigned(Reason.OUTSIDE_SOURCE, OUTSIDE)
        else:
            entry = _entry(record)
            rows[key] = _merged(rows.get(key, entry), entry)
    return LabelTable(rows, tuple(unusable.items()), tuple(_notes(records, columns)))


def _records(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    """Return the rows as dictionaries with stripped values, and the names of the columns in lower case."""
    text = _text(path)
    separator = _separator(path, text.partition("\n")[0])
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
        table = [row for row in reader if any(value.strip() for value in row)]
    except csv.Error as error:
        raise DataError(f"{path.name} is no table: {error}") from None
    columns = [name.strip().lower() for name in table[0]]
    names = (*REQUIRED, *USED)
    cells = [dict(zip(columns, row, strict=False)) for row in table[1:]]
    return [{name: cell.get(name, "").strip() for name in names} for cell in cells], columns


def _text(path: Path) -> str:
    """Decode the file by its mark, as UTF-8, or as Latin-1, in which every byte is a character."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"the label table {path.name} cannot be read: {error.strerror}") from None
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), "")
    if not encoding and b"\0" in data:
        raise DataError(f"{path.name} is no text; save the table as CSV")
    try:
        return data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _separator(path: Path, first_line: str) -> str:
    """Return the separator that parts the first line into columns with the two required ones.

    Raises:
        DataError: none does.
    """
    for separator in SEPARATORS:
        columns = next(csv.reader([first_line], delimiter=separator), [])
        if set(REQUIRED) <= {name.strip().lower() for name in columns}:
            return separator
    raise DataError(
        f"{path.name}: the first line must name the columns {' and '.join(REQUIRED)} "
        f"(and may name {', '.join(USED)}), parted by comma, semicolon or tab"
    )


def _require_known_splits(path: Path, records: list[dict[str, str]]) -> None:
    wrong = [number for number, record in enumerate(records, start=1) if record["split"] not in ("", *SPLITS)]
    if wrong:
        raise DataError(
            f"{path.name}: split must be empty or one of {', '.join(SPLITS)}; {len(wrong)} row(s) differ,"
            f" row {wrong[0]} below the head first"
        )


def _entry(record: Mapping[str, str]) -> Entry:
    """Return what a row says about its file."""
    try:
        label = parse_label(record["label"])
    except UnknownLabel as error:
        return Unassigned(Reason.UNKNOWN_LABEL, str(error))
    return Assigned(
        label=label,
        patient_id=record["patient_id"],
        study_id=record["study_id"],
        age_years=_age(record["age_years"]),
        sex=sex(record["sex"]),
        view=view(record["view"]),
        split=record["split"],
    )


def _merged(first: Entry, second: Entry) -> Entry:
    """Return the entry of a file with two rows: they must agree."""
    if first == second:
        return first
    labels = sorted({entry.label for entry in (first, second) if isinstance(entry, Assigned)})
    detail = (
        f"two rows name this file: {' and '.join(labels)}" if len(labels) > 1 else "two rows differ about this file"
    )
    return Unassigned(Reason.LABEL_CONFLICT, detail)


def _age(text: str) -> float | None:
    """Return a coarse age from a number, with a decimal point or comma, or from a DICOM age such as 018M."""
    try:
        return coarse(float(text.replace(",", ".")))
    except ValueError:
        return coarse(parse_age(text))


def _notes(records: list[dict[str, str]], columns: list[str]) -> Iterator[str]:
    """Say which columns and how many values were not used."""
    ignored = [name for name in columns if name and name not in (*REQUIRED, *USED)]
    if ignored:  # whose names may be anything
        yield f"{len(ignored)} column(s) of the table are not used; those that are: {', '.join((*REQUIRED, *USED))}"
    repeated = [name for name, times in Counter(columns).items() if times > 1 and name in (*REQUIRED, *USED)]
    if repeated:
        yield f"columns that stand twice in the table, of which the last counts: {', '.join(repeated)}"
    for name, understood in (("age_years", _age), ("sex", sex), ("view", view)):
        odd = [
            number
            for number, record in enumerate(records, start=1)
            if record[name] and understood(record[name]) in (None, "")
        ]
        if odd:
            yield f"{name} of {len(odd)} row(s) is not understood and left empty, row {odd[0]} below the head first"


def _leads_outside(key: str) -> bool:
    pure = PurePosixPath(key)
    return pure.is_absolute() or ".." in pure.parts or bool(PureWindowsPath(key).drive) or "\0" in key
