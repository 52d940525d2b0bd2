"""How decoded samples lie on the film: one a pixel, or fewer where a decoder gave a smaller picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Edges = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """One sample for every ``step`` pixels along either axis: sample i stands for those from i * step + start on."""

    step: int = 1
    start: float = 0.0

    def edges(self, pixels: int) -> Edges:
        """Return the bounds (N + 1,) of the N samples of ``pixels`` pixels; the outer ones end with the film."""
        samples = -(-pixels // self.step)
        edges: Edges = np.arange(samples + 1, dtype=np.float64) * self.step + self.start
        edges[0], edges[-1] = 0, pixels
        return edges


EVERY_PIXEL = Grid()


def blocks(step: int) -> Grid:
    """Return the grid of a scaled inverse DCT: a sample is the mean of a block."""
    return Grid(step)


def centred(step: int) -> Grid:
    """Return the grid of a wavelet's low band: a sample sits on the pixel ``i * step`` (ITU-T T.800 F.3)."""
    return Grid(step, (1 - step) / 2)
