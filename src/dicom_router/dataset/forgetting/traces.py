"""What the last pipeline run knew about films that are about to go."""

from collections import Counter
from pathlib import Path
from typing import Final

import pandas as pd

from dicom_router.dataset.rows import group_ids
from dicom_router.dataset.table import SPLITS

SIDES: Final = Path("artifacts/splits.parquet")
QUARANTINE: Final = Path("artifacts/quarantine.csv")


def sides_of_last_run(root: Path) -> dict[str, str]:
    """Map each image to its side of the split; nothing where no run has split them."""
    path = root / SIDES
    if not path.is_file():
        return {}
    table = pd.read_parquet(path, columns=["path", "split"])
    return dict(zip(table["path"].astype(str), table["split"].astype(str), strict=True))


def count_sides(sides: dict[str, str], paths: tuple[str, ...]) -> dict[str, int]:
    """Count the films of ``paths`` on each side."""
    return dict(Counter(sides[path] for path in paths if path in sides))


def twins(root: Path, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the films that stay although the last run found the same pixels in one of ``paths``."""
    path = root / QUARANTINE
    if not path.is_file():
        return ()
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    going = set(paths)
    pairs = zip(table["path"], (detail.rpartition(" as ")[2] for detail in table["detail"]), strict=True)
    partners = [pair for pair in pairs if going.intersection(pair)]
    listed = set(table["path"]) | set(sides_of_last_run(root))
    return tuple(sorted({one for pair in partners for one in pair if one in listed and one not in going}))


def with_sides(labels: pd.DataFrame, sides: dict[str, str]) -> pd.DataFrame:
    """Write the sides of the last run into the column ``split``, where it is empty.

    Shares of the split are filled patient by patient, so that without one the next would take another side: models
    that were trained before would be tested on patients they have seen. A patient on two sides, and one without
    any, stays as it is.
    """
    groups = group_ids(labels)
    known = labels["path"].map(sides).where(lambda side: side.isin(SPLITS))
    only = known.groupby(groups).transform("first").where(known.groupby(groups).transform("nunique") == 1)
    empty = (labels["split"] == "") & (labels["cohort"] == "internal")
    return labels.assign(split=labels["split"].mask(empty, only.fillna("")))
