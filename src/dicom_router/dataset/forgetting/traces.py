"""What the last pipeline run knew about films that are about to go."""

from collections import Counter
from pathlib import Path
from typing import Final

import pandas as pd

from dicom_router.dataset.near_duplicates.table import group_of
from dicom_router.dataset.rows import group_ids
from dicom_router.dataset.table import SPLITS

SIDES: Final = Path("artifacts/splits.parquet")
QUARANTINE: Final = Path("artifacts/quarantine.csv")
LINKS: Final = Path("artifacts/near_duplicates.csv")


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
    """Return the films that stay although the last run found that they show the same as one of ``paths``."""
    going = set(paths)
    copies = _copies(root)
    same = {one for pair in copies if going.intersection(pair) for one in pair}
    alike = same | _near_duplicates(root, going | same)
    listed = {path for path, _ in copies} | set(sides_of_last_run(root))  # others are no films of the last run
    return tuple(sorted((alike & listed) - going))


def _copies(root: Path) -> list[tuple[str, str]]:
    """Return what was quarantined, with the film whose bytes or pixels it repeats where that was the reason."""
    path = root / QUARANTINE
    if not path.is_file():
        return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return list(zip(table["path"], (detail.rpartition(" as ")[2] for detail in table["detail"]), strict=True))


def _near_duplicates(root: Path, films: set[str]) -> set[str]:
    """Return the near-duplicates of ``films``."""
    path = root / LINKS
    if not path.is_file():
        return set()
    groups = group_of(pd.read_csv(path, dtype=str, keep_default_na=False))
    return set(groups.index[groups.isin(groups[groups.index.isin(films)])])


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
