"""Samples to the film: stored values, padding, Modality LUT, VOI, one inversion, in this order."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.attributes import text
from dicom_router.dicom.bits import stored_values
from dicom_router.dicom.colour import luminance, palette_levels
from dicom_router.dicom.film import Film, Header
from dicom_router.dicom.grid import EVERY_PIXEL
from dicom_router.dicom.levels import Levels, levels_of, steepest
from dicom_router.dicom.modality import modality_values
from dicom_router.dicom.overlays import embedded_bits
from dicom_router.dicom.padding import padding_bounds, value_padding, word_padding
from dicom_router.dicom.parsing import DicomFile
from dicom_router.dicom.processing import bone_is_dark, is_for_processing, processed_levels
from dicom_router.dicom.samples import GREY, Samples
from dicom_router.dicom.shutters import open_area
from dicom_router.dicom.unpainted import Unpainted
from dicom_router.dicom.voi import stated_levels, stretch

Mask = NDArray[np.bool_]
# What a window of a fifth of the values gives. In a narrower one the grain of the film spans much of it.
STEEP: Final = 0.15


@dataclass(frozen=True, eq=False)
class Greys:
    """``values`` (K,) in [0, 1] of stored values; ``stated`` by the header, where percentiles depend on the grain."""

    values: NDArray[np.float64]
    stated: bool = True

    @property
    def commute(self) -> bool:
        """Tell whether averages of stored values have the average grey, as nearly as the network's input needs."""
        return self.stated and steepest(self.values) <= STEEP


def render(file: DicomFile, header: Header, samples: Samples, *, sampled: bool = False) -> Film | Unpainted | None:
    """Return the film in [0, 1] with bone bright, 0 where invalid, and the mask of the valid pixels.

    ``sampled``: percentiles, where they are needed, come from an even sample of the pixels. None for samples of a
    smaller size from which the greys of the whole film cannot be told.
    """
    shutter = open_area(file.ds, samples.words.shape[:2], header.pixel_aspect)
    if samples.photometric not in GREY | {"PALETTE COLOR"}:
        pixels = luminance(samples)
        if shutter is not None:
            pixels[~shutter] = 0
        return Film(pixels, shutter, header)
    valid, levels = _levels(file, samples, shutter, sampled)
    greys = _greys(file, header, samples.photometric, levels)
    if samples.grid != EVERY_PIXEL and not greys.commute:
        return None
    table, ramp = levels.table(greys.values), levels.ramp(greys.values)
    return Unpainted(levels.index, table, ramp, valid, header, samples.grid)


def _levels(file: DicomFile, samples: Samples, shutter: Mask | None, sampled: bool) -> tuple[Mask | None, Levels]:
    """Return what is valid, and the stored values."""
    bounds = padding_bounds(file.ds)
    padding = word_padding(samples.words, bounds, samples.layout)
    stored = stored_values(samples, embedded_bits(file.ds), padding)
    if padding is None and bounds is not None:
        padding = value_padding(stored, bounds, samples.layout)
    valid = _valid(shutter, padding)
    return valid, levels_of(stored, valid, sampled=sampled)


def _greys(file: DicomFile, header: Header, photometric: str, levels: Levels) -> Greys:
    """Return the grey of every stored value: of a palette index the luminance of its colour."""
    ds = file.ds
    if photometric == "PALETTE COLOR":
        return Greys(palette_levels(ds, file.little_endian, levels.values))
    values = modality_values(ds, file.little_endian, levels.values)
    invert = photometric == "MONOCHROME1" or text(ds, "PresentationLUTShape").upper() == "INVERSE"
    if is_for_processing(ds, header.SOPClassUID):
        stated, invert = None, bone_is_dark(ds, invert)
        greys = processed_levels(ds, values, levels.counts)
    else:
        stated = stated_levels(ds, file.little_endian, values, levels.counts)
        greys = stretch(values, levels.counts) if stated is None else stated
    return Greys(1 - greys if invert else greys, stated is not None)


def _valid(shutter: Mask | None, padding: Mask | None) -> Mask | None:
    """Return what is open and not padding; None for all. Padding that would leave nothing is not believed."""
    if padding is None or not padding.any():
        return shutter
    valid = ~padding if shutter is None else shutter & ~padding
    return valid if valid.any() else shutter
