"""What a film looks like, in 2 kB: much the same for its copies in other encodings, sizes, windows or proportions.

The film is averaged down to ``SIDE`` x ``SIDE`` pixels. Each of them then stands as its distance from
the mean of its surroundings, in units of their spread (local normalisation): what a window, a gamma
or an exposure does to a film is much the same over a few neighbours and cancels, and a negative only
changes the sign. ``search`` compares what comes out; ``python -m benchmarks near_duplicates``
measures it on real films. Needs NumPy alone, since it runs where films are decoded.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.resampling import resize_image

SIDE: Final = 48  # pixels
SURROUNDINGS: Final = 3.0  # pixels, the standard deviation of the weights around each
LEAST_SPREAD: Final = np.float32(0.01)  # of the film's scale, so that noise in a flat area stays small
STEPS: Final = 32  # per unit of spread; the values fit 8 bits

Image = NDArray[np.float32]


def appearance(pixels: Image) -> bytes:
    """Describe ``pixels``, `(H, W)` float32 in [0, 1], by ``SIDE`` x ``SIDE`` values of int8, row by row."""
    small = resize_image(pixels, (SIDE, SIDE))
    deviation = small - _blurred(small)
    spread = np.sqrt(_blurred(deviation * deviation))
    steps = np.rint(deviation / (spread + LEAST_SPREAD) * STEPS)
    return np.clip(steps, -127, 127).astype(np.int8).tobytes()


def _weights() -> Image:
    """Return the Gaussian weights of every place along an axis, which sum to 1 at the border too."""
    places = np.arange(SIDE)
    weights = np.exp(-0.5 * ((places[:, None] - places) / SURROUNDINGS) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


WEIGHTS: Final = _weights()


def _blurred(small: Image) -> Image:
    # einsum without BLAS: the same sum in the same order whatever the number of threads
    rows = np.einsum("ij,jk->ik", WEIGHTS, small, optimize=False)
    return np.asarray(np.einsum("ij,kj->ki", WEIGHTS, rows, optimize=False), np.float32)
