"""``data/labels.csv`` and ``data/dataset.json``: what is in the dataset, and of which origin.

Every image has one row. ``batch`` counts the imports: rows that arrived together
share it, and the split uses it so that later data never moves earlier patients.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from dicom_router.errors import DataError
from dicom_router.storage import atomically, write_json

LABELS: Final = "labels.csv"
ORIGIN: Final = "dataset.json"

REQUIRED: Final = ("path", "label", "patient_id", "study_id", "site", "cohort", "batch")
OPTIONAL: Final = ("split", "age_years", "sex", "view")
COLUMNS: Final = REQUIRED + OPTIONAL

Cohort = Literal["internal", "external"]
COHORTS: Final = ("internal", "external")
SPLITS: Final = ("train", "validation", "calibration", "test")


@dataclass(frozen=True)
class Origin:
    """Where a dataset comes from; synthetic and real films are never mixed in one.

    ``patient_domains`` maps sites to the domain of their patient numbers, where that is not the common one.
    """

    synthetic: bool
    description: str
    pseudonym_key_fingerprint: str
    patient_domains: Mapping[str, str] = field(default_factory=dict)


def read_origin(data: Path) -> Origin:
    """Read ``dataset.json`` of the folder ``data``.

    Raises:
        DataError: the file is missing or not what ``write_origin`` writes.
    """
    path = data / ORIGIN
    try:
        origin = Origin(**json.loads(path.read_text(encoding="utf-8")))
        if not isinstance(origin.synthetic, bool):
            raise TypeError("synthetic must be true or false")
        if not isinstance(origin.patient_domains, dict):
            raise TypeError("patient_domains must map sites to domains")
        return origin
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: make a dataset with `dicom-router import` or `dicom-router sample`"
        ) from None
    except (TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); restore it with `dvc checkout`") from None


def write_origin(data: Path, origin: Origin) -> None:
    """Write ``dataset.json`` into the folder ``data``."""
    document = asdict(origin)
    if not origin.patient_domains:
        del document["patient_domains"]
    write_json(data / ORIGIN, document)


def read_labels(data: Path) -> pd.DataFrame:
    """Read ``labels.csv``: text columns as str ("" where absent), ``age_years`` float, ``batch`` int.

    Raises:
        DataError: the file or a required column is missing, it is no table, or ``batch`` or ``age_years`` is no number.
    """
    return pd.concat(read_labels_in_parts(data), ignore_index=True)


def read_labels_in_parts(data: Path, rows: int = 1 << 16) -> Iterator[pd.DataFrame]:
    """Read ``labels.csv`` as ``read_labels`` does, at most so many ``rows`` at once; one part at least.

    Raises:
        DataError: as there.
    """
    path = data / LABELS
    try:
        with pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=rows) as parts:
            yield from (_typed(part, path) for part in parts)
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: make a dataset with `dicom-router import` or `dicom-router sample`"
        ) from None
    except ValueError as error:  # pandas' errors about tables and encodings are kinds of it
        raise DataError(f"{path} is no table in UTF-8: {str(error).strip()}; restore it with `dvc checkout`") from None


def _typed(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the columns of a table as ``read_labels`` says."""
    missing = [name for name in REQUIRED if name not in table]
    if missing:
        raise DataError(f"{path} lacks the column(s) {', '.join(missing)}; it must have {', '.join(REQUIRED)}")
    for name in OPTIONAL:
        if name not in table:
            table[name] = ""
    try:
        table["batch"] = table["batch"].astype("int64")
        table["age_years"] = pd.to_numeric(table["age_years"].replace("", None)).astype("float64")
    except ValueError as error:
        raise DataError(f"{path}: {error}; batch must be a whole number and age_years a number or empty") from None
    return table[list(COLUMNS)]


def write_labels(data: Path, table: pd.DataFrame) -> None:
    """Write ``labels.csv`` sorted by path, in one step: a reader sees the old or the new table."""
    write_labels_in_parts(data, [table.sort_values("path")])


def write_labels_in_parts(data: Path, parts: Iterable[pd.DataFrame], before: Callable[[], None] = lambda: None) -> None:
    """Write ``labels.csv`` of ``parts`` that are sorted by path; ``before`` runs just before readers see it."""
    with atomically(data / LABELS) as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        for part in parts:
            part.to_csv(file, columns=list(COLUMNS), index=False, header=False, lineterminator="\n", encoding="utf-8")
        before()
