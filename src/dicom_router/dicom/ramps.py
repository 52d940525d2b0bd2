"""Greys that rise along one straight line, as windows make them: there, averaging may come before looking up.

The average of a line is the line of the average, once the words beyond its ends are cut off; and that takes a
fraction of the time of looking up every pixel.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.samples import Words

# A quarter of the step between two of the 255 greys of the network's input.
STRAIGHT: Final = 1 / 1024


@dataclass(frozen=True)
class Ramp:
    """Greys that are ``slope * word + offset`` for words cut off at ``low`` and ``high``."""

    low: int
    high: int
    slope: float
    offset: float

    def cut(self, words: Words) -> Words:
        """Return ``words`` cut off at both ends."""
        cut: Words = words.clip(words.dtype.type(self.low), words.dtype.type(self.high))
        return cut

    def greys(self, averages: NDArray[np.float32], weights: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Return the greys of weighted sums of cut words; ``weights`` are what each sum's weights add up to, or 1."""
        offset = np.float32(self.offset)
        return averages * np.float32(self.slope) + (offset if weights is None else offset * weights)


def ramp_of(greys: NDArray[np.float64], first: int) -> Ramp | None:
    """Return the ramp that gives the words from ``first`` on ``greys`` (K,); None where they are no straight line."""
    bends = np.flatnonzero(np.diff(greys))
    if not len(bends):
        return Ramp(first, first, 0.0, float(greys[0]))
    low, high = int(bends[0]), int(bends[-1]) + 1
    start, stop = (low + 1, high - 1) if high - low > 2 else (low, high)  # a window may end between two words
    slope = float(greys[stop] - greys[start]) / (stop - start)
    words = np.clip(np.arange(len(greys)), low, high)
    if np.abs((words - start) * slope + greys[start] - greys).max() > STRAIGHT:
        return None
    return Ramp(first + low, first + high, slope, float(greys[start]) - slope * (first + start))
