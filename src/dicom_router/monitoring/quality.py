"""How good a film is, in five figures: of the pixels that the network saw, so that they cost no second decoding.

They are there to be compared over time and between devices: none is a physical unit, and what is fine detail on the
film itself is not seen here.
"""

from dataclasses import dataclass
from math import pi, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.film import Header
from dicom_router.dicom.preprocessing import PreprocessingSpec, target_shape

WHITE: Final = 255

Greys = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """The figures of one film; greys run from 0 (black) to 1 (white), bone bright."""

    exposure: float  # the median grey
    noise: float  # standard deviation of the noise, in greys
    saturation: float  # share of the pixels that are black or white
    resolution: float  # pixels of the film along its longer side, as it was delivered
    sharpness: float  # variance of the Laplacian over that of the greys; 0 where all are equal


def quality(pixels: Greys, header: Header, spec: PreprocessingSpec) -> Quality:
    """Describe the film in ``pixels`` ``(S, S)``, as ``preprocess`` made them by ``spec``."""
    greys = film_in(pixels, header, spec)
    scaled = greys.astype(np.float64) / WHITE
    return Quality(
        exposure=float(np.median(scaled)),
        noise=noise(scaled),
        saturation=float(np.mean((greys == 0) | (greys == WHITE))),
        resolution=float(max(header.Rows, header.Columns)),
        sharpness=sharpness(scaled),
    )


def film_in(pixels: Greys, header: Header, spec: PreprocessingSpec) -> Greys:
    """Return the part of ``pixels`` ``(S, S)`` that is film, without the bars that fill the square."""
    height, width = target_shape((header.Rows, header.Columns), header.pixel_aspect, spec)
    top, left = (spec.image_size - height) // 2, (spec.image_size - width) // 2
    return pixels[top : top + height, left : left + width]


def noise(greys: Floats) -> float:
    """Estimate the noise of ``greys`` ``(H, W)``: Immerkaer 1996, CVIU 64(2), "Fast noise variance estimation".

    Its mask is the difference of two Laplacians, which edges and gradients leave near zero.
    """
    if min(greys.shape) < 3:
        return 0.0
    rows = greys[:-2] - 2 * greys[1:-1] + greys[2:]
    mask = rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]
    return float(sqrt(pi / 2) * np.abs(mask).mean() / 6)


def sharpness(greys: Floats) -> float:
    """Return the variance of the Laplacian (Pech-Pacheco 2000, ICPR) of ``greys`` ``(H, W)``, over their variance.

    By the division a film of little contrast is no less sharp.
    """
    spread = float(greys.var())
    if spread == 0 or min(greys.shape) < 3:
        return 0.0
    inner = greys[1:-1, 1:-1]
    laplacian = greys[:-2, 1:-1] + greys[2:, 1:-1] + greys[1:-1, :-2] + greys[1:-1, 2:] - 4 * inner
    return float(laplacian.var() / spread)
