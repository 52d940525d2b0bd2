"""The distinct stored values of a film.

Every step from stored value to grey depends on the stored value alone, so the steps
are computed once a value, not once a pixel, and percentiles come from the histogram.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.bits import Stored

Mask = NDArray[np.bool_]
DENSE: Final = 1 << 17
BAND: Final = 256


@dataclass(frozen=True, eq=False)
class Levels:
    """``values`` (K,) float64 ascending; ``counts`` (K,) of valid pixels; ``index`` (H, W) of each pixel's value."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    index: NDArray[np.integer[Any]]

    def paint(self, greys: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the (H, W) image whose pixels have the grey of their value, one of ``greys`` (K,)."""
        table, image = greys.astype(np.float32), np.empty(self.index.shape, np.float32)
        for rows in bands(len(image)):
            np.take(table, self.index[rows], out=image[rows], mode="clip")
        return image


def levels_of(stored: Stored, valid: Mask | None) -> Levels:
    """Find the distinct values of ``stored`` (H, W) and count them where ``valid``."""
    low, high = int(stored.min()), int(stored.max())
    if high - low < DENSE:
        values = np.arange(low, high + 1, dtype=np.float64)
        index: NDArray[np.integer[Any]] = stored if low == 0 else stored.astype(np.int32) - low
    else:
        unique, index = np.unique(stored, return_inverse=True)
        values, index = unique.astype(np.float64), index.reshape(stored.shape)
    return Levels(values, _count(index, valid, len(values)), index)


def _count(index: NDArray[np.integer[Any]], valid: Mask | None, size: int) -> NDArray[np.int64]:
    """Count each of ``size`` indices where ``valid``."""
    counts = np.zeros(size, np.int64)
    for rows in bands(len(index)):
        counted = index[rows] if valid is None else index[rows][valid[rows]]
        counts += np.bincount(counted.ravel(), minlength=size)
    return counts


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
