"""The distinct stored values of a film.

Every step from stored value to grey depends on the stored value alone, so the steps
are computed once a value, not once a pixel, and percentiles come from the histogram.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.bits import Stored
from dicom_router.dicom.ramps import Ramp, ramp_of
from dicom_router.dicom.samples import Words

Mask = NDArray[np.bool_]
DENSE: Final = 1 << 17
BAND: Final = 256
# A sample of a quarter of a million pixels puts a percentile within 0.03 points of where it is.
SAMPLE: Final = 1 << 18
STEPS: Final = 32


@dataclass(frozen=True, eq=False)
class Levels:
    """``values`` (K,) float64 ascending, and their ``counts`` (K,) among the valid pixels.

    ``index`` (H, W) says which value each pixel has: the one with that number among ``slots`` (K,).
    """

    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    slots: NDArray[np.int64]
    index: Words

    def table(self, greys: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the grey of every number that ``index`` can hold, for the ``greys`` (K,) of the values."""
        table = np.zeros(int(self.slots.max()) + 1, np.float32)
        table[self.slots] = greys
        return table

    def ramp(self, greys: NDArray[np.float64]) -> Ramp | None:
        """Return the ramp that the ``greys`` (K,) are along the numbers of ``index``, if these stand in order."""
        first, last = int(self.slots[0]), int(self.slots[-1])
        return ramp_of(greys, first) if last - first == len(self.slots) - 1 else None

    def paint(self, greys: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the (H, W) image whose pixels have the grey of their value, one of ``greys`` (K,)."""
        return look_up(self.table(greys), self.index)


def look_up(table: NDArray[np.float32], index: Words) -> NDArray[np.float32]:
    """Return ``table[index]``, in bands, since NumPy widens every index to 64 bits while it works."""
    image = np.empty(index.shape, np.float32)
    for rows in bands(len(image)):
        np.take(table, index[rows], out=image[rows], mode="clip")
    return image


def levels_of(stored: Stored, valid: Mask | None, *, sampled: bool = False) -> Levels:
    """Find the values of ``stored`` (H, W) and count them where ``valid``, all pixels or an even sample of them."""
    low, high = int(stored.min()), int(stored.max())
    values = np.arange(low, min(high, low + DENSE) + 1, dtype=np.float64)
    if stored.dtype.itemsize <= 2:  # the words themselves are the index
        index: Words = stored.view(f"u{stored.dtype.itemsize}")
        slots = np.arange(low, high + 1) & (1 << 8 * stored.dtype.itemsize) - 1
    elif high - low < DENSE:
        index, slots = (stored - stored.dtype.type(low)).astype(np.uint32), np.arange(len(values))
    else:
        unique, inverse = np.unique(stored, return_inverse=True)
        values, index = unique.astype(np.float64), inverse.reshape(stored.shape).astype(np.uint32)
        slots = np.arange(len(values))
    return Levels(values, _counts(index, valid, int(slots.max()) + 1, sampled)[slots], slots, index)


def _counts(index: Words, valid: Mask | None, size: int, sampled: bool) -> NDArray[np.int64]:
    """Count each of ``size`` indices where ``valid``; of a sample that meets no valid pixel, all are counted."""
    step = max(1, isqrt(index.size // SAMPLE)) if sampled else 1
    counts = _count(index[::step, ::step], None if valid is None else valid[::step, ::step], size)
    return counts if counts.any() else _count(index, valid, size)


def _count(index: NDArray[np.integer[Any]], valid: Mask | None, size: int) -> NDArray[np.int64]:
    """Count each of ``size`` indices where ``valid``."""
    counts = np.zeros(size, np.int64)
    for rows in bands(len(index)):
        counted = index[rows] if valid is None else index[rows][valid[rows]]
        counts += np.bincount(counted.ravel(), minlength=size)
    return counts


def steepest(greys: NDArray[np.float64]) -> float:
    """Return by how much ``greys`` (K,) of ascending values change at most over a 32nd of the values."""
    step = -(-len(greys) // STEPS)
    return float(np.abs(greys[step:] - greys[:-step]).max(initial=0.0))


def bands(height: int) -> Iterator[slice]:
    """Cut ``height`` rows into bands, since NumPy widens every index to 64 bits while it works."""
    for start in range(0, height, BAND):
        yield slice(start, start + BAND)


def percentiles(values: NDArray[np.float64], counts: NDArray[np.int64], low: float, high: float) -> tuple[float, float]:
    """Return the values below which ``low`` and ``high`` percent of the counted pixels lie; any order of ``values``."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(counts[order])
    targets = np.array([low, high]) / 100 * cumulative[-1]
    first, last = values[order][np.searchsorted(cumulative, targets)]
    return float(first), float(last)
