"""Corrected labels brought into ``labels.csv``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import Assigned, Entry, path_key
from dicom_router.dataset.rows import canonical_labels
from dicom_router.dataset.sides import with_sides
from dicom_router.dataset.table import read_labels, write_labels
from dicom_router.errors import DataError


@dataclass(frozen=True)
class Corrected:
    """What a table of corrections did: the films whose label changed, and those that carried the label already."""

    changed: int
    already: int


def apply_corrections(data: Path, table: Path, sides: dict[str, str]) -> Corrected:
    """Give the films that ``table`` names (``path`` as in ``labels.csv``, ``label``) its labels, all or none.

    ``sides`` of the last run, by path, are kept in the column ``split``: another label would move patients else.
    ``labels.csv`` is replaced by a new file: where it is a link into DVC's cache, the earlier version stays as it was.

    Raises:
        DataError: a row names no film of the dataset or no class, two rows disagree, or the table cannot be read.
    """
    content = read_label_table(table)
    wanted = {key: _label(table, entry) for key, entry in content.rows.items()}
    labels = read_labels(data)
    keys = labels["path"].map(path_key)
    unknown = len(set(wanted) - set(keys)) + len(content.unusable)
    if unknown:
        raise DataError(
            f"{table.name}: {unknown} of its paths are not in {data / 'labels.csv'}; a path is written as it stands "
            "there, such as images/SITE/ab/NAME.dcm. Nothing was changed"
        )
    corrected, changed = _corrected(labels, keys, wanted)
    if changed:
        write_labels(data, with_sides(corrected, sides))
    return Corrected(changed, len(wanted) - changed)


def _corrected(labels: pd.DataFrame, keys: "pd.Series[str]", wanted: Mapping[str, str]) -> tuple[pd.DataFrame, int]:
    """Return ``labels`` with the labels of ``wanted``, and how many films changed; an alias is no change."""
    new = keys.map(wanted)
    differs = new.notna() & (new != canonical_labels(labels["label"]))
    table = labels.assign(label=labels["label"].mask(differs, new))
    return table, int(keys[differs].nunique())


def _label(table: Path, entry: Entry) -> str:
    if isinstance(entry, Assigned):
        return entry.label
    raise DataError(f"{table.name}: {entry.detail}. Nothing was changed")
