"""What the last pipeline run knew about films that are about to go."""

from collections import Counter
from pathlib import Path
from typing import Final

import pandas as pd

from dicom_router.dataset.near_duplicates.table import group_of
from dicom_router.dataset.sides import sides_of_last_run

QUARANTINE: Final = Path("artifacts/quarantine.csv")
LINKS: Final = Path("artifacts/near_duplicates.csv")


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
    """Return what was quarantined, with the film whose bytes or pixels it repeats; "" where the reason was another."""
    path = root / QUARANTINE
    if not path.is_file():
        return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return list(zip(table["path"], table["copy_of"], strict=True))


def _near_duplicates(root: Path, films: set[str]) -> set[str]:
    """Return the near-duplicates of ``films``."""
    path = root / LINKS
    if not path.is_file():
        return set()
    groups = group_of(pd.read_csv(path, dtype=str, keep_default_na=False))
    return set(groups.index[groups.isin(groups[groups.index.isin(films)])])
