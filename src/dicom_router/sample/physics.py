"""From attenuation to what a detector measures: Beer-Lambert, scatter, unsharpness, quantum noise."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dicom_router.sample.dice import Dice
from dicom_router.sample.exact import exp, log

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_PER_UNIT: Final = 1024  # steps of the Beer-Lambert table per unit of attenuation
_DEEPEST: Final = 16
_ROOTS: Final = 16384  # steps of the logarithm's table over the square root of the dose
_COARSE: Final = 8  # scatter is computed on every eighth pixel


@dataclass(frozen=True)
class Beam:
    """The quality of the radiation: attenuation per millimetre, bone beyond the soft tissue it displaces."""

    soft: float
    bone: float
    metal: float = 0.35


def beam(kilovolts: float) -> Beam:
    """Return the beam of a tube voltage between 45 and 130 kV: hard beams make bone pale."""
    share = (kilovolts - 50.0) / 75.0
    return Beam(soft=0.0225 - 0.0045 * share, bone=0.078 - 0.048 * share)


@dataclass(frozen=True)
class Exposure:
    """What the detector got beside the primary beam."""

    scatter: float  # relative to the primary behind a thick body
    dose: float  # thousands of quanta in a pixel behind the middle of the body: what the exposure control aims at
    heel: tuple[float, float]  # slope of the field along rows and columns
    blur: float  # pixels
    leak: float  # what passes the collimator


def blurred(image: Image, sigma: float) -> Image:
    """Return ``image`` under a Gaussian of ``sigma`` pixels."""
    kernel = _kernel(int(sigma * 100.0 + 0.5))
    for axis in (0, 1):
        image = ndimage.correlate1d(image, kernel, axis=axis, mode="nearest")
    return image


def smooth(image: Image, sigma: float) -> Image:
    """Return ``image`` under a wide Gaussian of ``sigma`` >= 8 pixels, computed on every eighth pixel."""
    small = blurred(image[::_COARSE, ::_COARSE], sigma / _COARSE)
    return enlarged(small, image.shape)


def enlarged(small: Image, shape: tuple[int, ...]) -> Image:
    """Return ``small``, a sample of every eighth pixel, interpolated linearly to ``shape``."""
    for axis, size in enumerate(shape):
        at = np.arange(size, dtype=np.float32) / np.float32(_COARSE)
        low = np.minimum(at.astype(np.int64), small.shape[axis] - 1)
        high = np.minimum(low + 1, small.shape[axis] - 1)
        part = (at - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        small = np.take(small, low, axis=axis) * (np.float32(1.0) - part) + np.take(small, high, axis=axis) * part
    return small


def transmitted(attenuation: Image) -> Image:
    """Return e to the minus ``attenuation``, from a table."""
    index = np.minimum(
        np.maximum(attenuation, np.float32(0.0)) * np.float32(_PER_UNIT), np.float32(_DEEPEST * _PER_UNIT - 1)
    )
    return np.asarray(_beer_lambert()[index.astype(np.int32)])


def detected(attenuation: Image, open_field: Image, exposure: Exposure, dice: Dice) -> Image:
    """Return the dose in each pixel behind ``attenuation``, 1 behind nothing.

    ``open_field`` is 1 where the collimator is open and 0 where it is closed.
    """
    field = open_field * np.float32(1.0 - exposure.leak) + np.float32(exposure.leak)
    primary = transmitted(attenuation) * field
    height, width = primary.shape
    rows = (np.arange(height, dtype=np.float32) / np.float32(height) - np.float32(0.5))[:, None]
    cols = (np.arange(width, dtype=np.float32) / np.float32(width) - np.float32(0.5))[None, :]
    primary = primary * (np.float32(1.0) + rows * np.float32(exposure.heel[0]) + cols * np.float32(exposure.heel[1]))
    lit = np.minimum(primary, np.float32(0.25))
    dose = primary + smooth(lit, 0.09 * max(height, width)) * np.float32(exposure.scatter)
    dose = blurred(dose, exposure.blur)
    aim = _median(dose[::7, ::7][open_field[::7, ::7] > 0.5])
    noise = dice.normals(height, width) * np.sqrt(dose * np.float32(1e-3 * aim / exposure.dose))
    return np.asarray(np.maximum(dose + noise, np.float32(1e-6)))


def _median(values: Image) -> float:
    """Return the middle one of ``values``; 1 where there is none."""
    return float(np.sort(values, axis=None)[values.size // 2]) if values.size else 1.0


def logarithm(dose: Image) -> Image:
    """Return minus the natural logarithm of ``dose`` in (0, 4], from a table over its square root."""
    index = np.minimum(np.sqrt(dose) * np.float32(_ROOTS / 2), np.float32(_ROOTS - 1)).astype(np.int32)
    return np.asarray(_negative_log()[index])


@cache
def _beer_lambert() -> Image:
    return exp(-(np.arange(_DEEPEST * _PER_UNIT, dtype=np.float64) + 0.5) / _PER_UNIT).astype(np.float32)


@cache
def _negative_log() -> Image:
    return (-2.0 * log((np.arange(_ROOTS, dtype=np.float64) + 0.5) / (_ROOTS / 2))).astype(np.float32)


@cache
def _kernel(hundredths: int) -> NDArray[np.float64]:
    sigma = max(hundredths, 1) / 100.0
    reach = int(3.0 * sigma + 1.0)
    at = np.arange(-reach, reach + 1, dtype=np.float64) / sigma
    weights = exp(-0.5 * at * at)
    total = 0.0
    for weight in weights:
        total += float(weight)
    return weights / total
