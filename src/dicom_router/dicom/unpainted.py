"""A film before its greys are looked up, which is as much as a small picture of it needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.film import Film, Header
from dicom_router.dicom.grid import Grid
from dicom_router.dicom.levels import look_up
from dicom_router.dicom.ramps import Ramp
from dicom_router.dicom.samples import Words


@dataclass(frozen=True, eq=False)
class Unpainted:
    """A radiograph whose greys are looked up when they are asked for, so that they need not all be there at once.

    ``index`` (H, W) are numbers into ``table``, float32 in [0, 1], which may be a ``ramp``; ``valid`` is as in
    ``Film``. On a ``grid`` that is coarser than the film's pixels there are fewer samples than ``header`` has rows
    and columns, and all are valid.
    """

    index: Words
    table: NDArray[np.float32]
    ramp: Ramp | None
    valid: NDArray[np.bool_] | None
    header: Header
    grid: Grid

    @property
    def shape(self) -> tuple[int, int]:
        """Return the size of the film in pixels."""
        return self.header.Rows, self.header.Columns

    def rows(self, start: int, stop: int) -> NDArray[np.float32] | Words:
        """Return (stop - start, W) of what is to be averaged, 0 where invalid."""
        words = self.index[start:stop]
        rows = np.take(self.table, words, mode="clip") if self.ramp is None else self.ramp.cut(words)
        if self.valid is not None:
            rows *= self.valid[start:stop]
        return rows

    def greys(self, averages: NDArray[np.float32], weights: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Return the greys of weighted sums of ``rows``; ``weights`` sum up those of the valid pixels, or are all 1."""
        return averages if self.ramp is None else self.ramp.greys(averages, weights)

    def paint(self) -> Film:
        """Return the film with all its greys."""
        pixels = look_up(self.table, self.index)
        if self.valid is not None:
            pixels[~self.valid] = 0
        return Film(pixels, self.valid, self.header)
