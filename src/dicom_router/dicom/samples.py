"""Pixels as they were stored: unsigned words, and which of their bits are the value."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import integer
from dicom_router.dicom.grid import EVERY_PIXEL, Grid
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

Words = NDArray[np.unsignedinteger[Any]]
WORD_BITS: Final = (8, 16, 32)
GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})


@dataclass(frozen=True)
class Layout:
    """Which bits of a word are the value (PS3.5 8.1.1), and whether it is two's complement."""

    bits_stored: int
    high_bit: int
    signed: bool


@dataclass(frozen=True, eq=False)
class Samples:
    """Words of shape (H, W), or (H, W, 3) for colour; of YBR images the luminance alone is enough.

    ``photometric`` says what the words are, which after decoding may not be what the header says.
    ``overridden`` is the layout by the header where the codestream's sign contradicts it.
    ``grid`` says how the words lie on the film.
    """

    words: Words
    layout: Layout
    photometric: str
    overridden: Layout | None = None
    grid: Grid = EVERY_PIXEL


def stated_layout(ds: Dataset) -> tuple[int, Layout]:
    """Return the bits of a word and the layout that the header states, corrected where it is impossible.

    Raises:
        UnreadableImage: words are not of 8, 16 or 32 bits.
    """
    allocated = integer(ds, "BitsAllocated")
    if allocated not in WORD_BITS:
        raise UnreadableImage(Reason.UNSUPPORTED_PIXELS, f"{allocated} bits allocated; 8, 16 or 32 are read")
    stored = integer(ds, "BitsStored", allocated)
    stored = stored if 1 <= stored <= allocated else allocated
    high = integer(ds, "HighBit", stored - 1)
    high = high if stored - 1 <= high < allocated else stored - 1
    return allocated, Layout(stored, high, integer(ds, "PixelRepresentation") == 1)
