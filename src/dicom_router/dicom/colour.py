"""Colour to grey: the luminance of ITU-R BT.601, which is what the Y of a YBR image is."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.levels import bands
from dicom_router.dicom.lut import read_lut
from dicom_router.dicom.samples import Samples
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

WEIGHTS: Final = (0.299, 0.587, 0.114)
CHANNELS: Final = ("Red", "Green", "Blue")
# Partial range: black is 16 and white 235 of 255 (PS3.3 C.7.6.3.1.2).
PARTIAL_BLACK, PARTIAL_WHITE = 16 / 255, 235 / 255


def luminance(samples: Samples) -> NDArray[np.float32]:
    """Return (H, W) in [0, 1] of RGB or YBR samples."""
    words, bits = samples.words, samples.layout.bits_stored
    full_scale = np.float32(max((1 << bits) - 1, int(words.max())))
    if not samples.photometric.startswith("YBR_FULL") and not samples.photometric.startswith("YBR_PARTIAL"):
        grey = _weigh(words)
        return np.divide(grey, full_scale, out=grey)
    luma = (words if words.ndim == 2 else words[..., 0]).astype(np.float32) / full_scale
    if samples.photometric.startswith("YBR_PARTIAL"):
        luma = np.clip((luma - PARTIAL_BLACK) / (PARTIAL_WHITE - PARTIAL_BLACK), 0, 1)
    return luma.astype(np.float32)


def _weigh(words: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.float32]:
    """Return the weighted sum of the three channels."""
    grey, weights = np.empty(words.shape[:2], np.float32), np.array(WEIGHTS, np.float32)
    for rows in bands(len(words)):  # as floats, three channels take four times the memory of the result
        np.einsum("hwc,c->hw", words[rows].astype(np.float32), weights, optimize=False, out=grey[rows])
    return grey


def palette_levels(ds: Dataset, little_endian: bool, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map palette indices ``values`` (K,) to [0, 1] by the luminance of their colours.

    Raises:
        UnreadableImage: a channel's table is missing or garbage.
    """
    greys = np.zeros_like(values)
    for channel, weight in zip(CHANNELS, WEIGHTS, strict=True):
        name = f"{channel}PaletteColorLookupTable"
        lut = read_lut(ds, little_endian, f"{name}Descriptor", f"{name}Data")
        if lut is None:
            raise UnreadableImage(Reason.UNSUPPORTED_PIXELS, "a palette image without a complete plain palette")
        greys += weight * lut.look_up(values) / lut.full_scale
    return np.clip(greys, 0, 1)
