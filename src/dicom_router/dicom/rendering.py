"""Samples to the film: stored values, padding, Modality LUT, VOI, one inversion, in this order."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import text
from dicom_router.dicom.bits import stored_values
from dicom_router.dicom.colour import luminance, palette_levels
from dicom_router.dicom.film import Header
from dicom_router.dicom.levels import levels_of
from dicom_router.dicom.modality import modality_values
from dicom_router.dicom.overlays import embedded_bits
from dicom_router.dicom.padding import padding_bounds, value_padding, word_padding
from dicom_router.dicom.processing import bone_is_dark, is_for_processing, processed_levels
from dicom_router.dicom.samples import Samples
from dicom_router.dicom.shutters import open_area
from dicom_router.dicom.voi import grey_levels

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]


def render(ds: Dataset, little_endian: bool, header: Header, samples: Samples) -> tuple[Pixels, Mask | None]:
    """Return pixels (H, W) float32 in [0, 1] with bone bright, 0 where invalid, and the mask of the valid ones."""
    shutter = open_area(ds, samples.words.shape[:2], header.pixel_aspect)
    if samples.photometric in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"):
        pixels, valid = _render_levels(ds, little_endian, header, samples, shutter)
    else:
        pixels, valid = luminance(samples), shutter
    if valid is not None:
        pixels[~valid] = 0
    return pixels, valid


def _render_levels(
    ds: Dataset, little_endian: bool, header: Header, samples: Samples, shutter: Mask | None
) -> tuple[Pixels, Mask | None]:
    """Render one sample a pixel, grey or palette index."""
    bounds = padding_bounds(ds)
    padding = word_padding(samples.words, bounds, samples.layout)
    stored = stored_values(samples, embedded_bits(ds), padding)
    if padding is None and bounds is not None:
        padding = value_padding(stored, bounds, samples.layout)
    valid = _valid(shutter, padding)
    levels = levels_of(stored, valid)
    if samples.photometric == "PALETTE COLOR":
        return levels.paint(palette_levels(ds, little_endian, levels.values)), valid
    values = modality_values(ds, little_endian, levels.values)
    invert = samples.photometric == "MONOCHROME1" or text(ds, "PresentationLUTShape").upper() == "INVERSE"
    if is_for_processing(ds, header.SOPClassUID):
        greys, invert = processed_levels(ds, values, levels.counts), bone_is_dark(ds, invert)
    else:
        greys = grey_levels(ds, little_endian, values, levels.counts)
    return levels.paint(1 - greys if invert else greys), valid


def _valid(shutter: Mask | None, padding: Mask | None) -> Mask | None:
    """Return what is open and not padding; None for all. Padding that would leave nothing is not believed."""
    if padding is None or not padding.any():
        return shutter
    valid = ~padding if shutter is None else shutter & ~padding
    return valid if valid.any() else shutter
