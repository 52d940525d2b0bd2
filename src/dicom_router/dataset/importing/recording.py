"""The films of an import as new rows of ``labels.csv``."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd

from dicom_router.dataset.table import LABELS, Origin, read_labels_in_parts, write_labels_in_parts, write_origin


def labels_before(data: Path) -> Iterator[pd.DataFrame]:
    """Yield the rows of ``labels.csv`` in parts, none where there is no such file yet."""
    return read_labels_in_parts(data) if (data / LABELS).exists() else iter(())


def record(data: Path, origin: Origin, rows: Iterable[pd.DataFrame], before: Callable[[], None]) -> None:
    """Write the tables of the dataset, once the files that they name are on the disk, and ``before`` has run."""
    os.sync()
    write_origin(data, origin)
    write_labels_in_parts(data, rows, before)
