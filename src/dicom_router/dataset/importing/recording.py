"""The films of an import as new rows of ``labels.csv``."""

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import pandas as pd

from dicom_router.dataset.importing.taking import Film
from dicom_router.dataset.rows import canonical_labels
from dicom_router.dataset.table import COLUMNS, LABELS, Cohort, Origin, read_labels, write_labels, write_origin


def labels_before(data: Path) -> pd.DataFrame:
    """Return the rows of ``labels.csv``, none where there is no such file yet."""
    return read_labels(data) if (data / LABELS).exists() else pd.DataFrame(columns=list(COLUMNS))


def next_batch(before: pd.DataFrame) -> int:
    """Return the number of the import that follows those in ``before``."""
    return 1 + (int(before["batch"].max()) if len(before) else 0)


def label_of_image(before: pd.DataFrame) -> dict[str, str]:
    """Map the pseudonym of each image, which is its file's name, to its class."""
    images = (PurePosixPath(path).stem for path in before["path"])
    return dict(zip(images, canonical_labels(before["label"]), strict=True))


def rows_of(films: Iterable[Film], site: str, cohort: Cohort, batch: int) -> pd.DataFrame:
    """Return the rows of ``films``, which arrived together."""
    rows = [asdict(film) | {"site": site, "cohort": cohort, "batch": batch} for film in films]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"age_years": "float64"})


def record(data: Path, origin: Origin, before: pd.DataFrame, new: pd.DataFrame) -> None:
    """Add the rows ``new``, once the files that they name are on the disk."""
    os.sync()
    write_origin(data, origin)
    write_labels(data, new if before.empty else pd.concat([before, new], ignore_index=True))
