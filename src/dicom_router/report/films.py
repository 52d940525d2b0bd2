"""How many films there are of each class on each side of the split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dicom_router.labels import CLASSES

SIDES: Final = ("train", "validation", "calibration", "test", "external")


@dataclass(frozen=True)
class SplitCell:
    """The films of a class on a side."""

    images: int
    patients: int
    share: float  # of the largest cell


@dataclass(frozen=True)
class SplitRow:
    """A class, or ``all``, on every side."""

    name: str
    cells: tuple[SplitCell, ...]  # in the order of SIDES
    images: int


def split_rows(splits: Mapping[str, Any]) -> tuple[SplitRow, ...]:
    """Return a row for each class and a last one for all, from ``artifacts/splits.json``."""
    largest = max(1, *(splits[side][name]["images"] for side in SIDES for name in CLASSES))
    return tuple(_row(splits, name, largest) for name in (*CLASSES, "all"))


def _row(splits: Mapping[str, Any], name: str, largest: int) -> SplitRow:
    counts = [splits[side][name] for side in SIDES]
    cells = tuple(SplitCell(n["images"], n["patients"], round(n["images"] / largest, 3)) for n in counts)
    return SplitRow(name, cells, sum(cell.images for cell in cells))
