"""Padding: pixels that no X-ray reached, marked by a stored value or a range of them (PS3.3 C.7.5.1.1.2)."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import number
from dicom_router.dicom.bits import Stored
from dicom_router.dicom.samples import Layout, Words

Mask = NDArray[np.bool_]


def padding_bounds(ds: Dataset) -> tuple[int, int] | None:
    """Return the two 16-bit patterns of PixelPaddingValue and PixelPaddingRangeLimit, equal without a limit."""
    value = number(ds, "PixelPaddingValue")
    if value is None:
        return None
    limit = number(ds, "PixelPaddingRangeLimit")
    return int(value) & 0xFFFF, int(value if limit is None else limit) & 0xFFFF


def word_padding(words: Words, bounds: tuple[int, int] | None, layout: Layout) -> Mask | None:
    """Return the mask of a padding value beyond BitsStored, which only whole words can show.

    None if it is within, or if it would cover every word.
    """
    if bounds is None or layout.signed or max(bounds) < 1 << layout.bits_stored:
        return None
    mask = (words >= min(bounds)) & (words <= max(bounds))
    return None if mask.all() else mask


def value_padding(stored: Stored, bounds: tuple[int, int], layout: Layout) -> Mask:
    """Return the mask of the stored values from one bound to the other, both of the pixels' own signedness."""
    if stored.dtype.kind == "i":
        bounds = (_signed(bounds[0], layout.bits_stored), _signed(bounds[1], layout.bits_stored))
    return (stored >= min(bounds)) & (stored <= max(bounds))


def _signed(pattern: int, bits: int) -> int:
    """Read a 16-bit pattern as two's complement, of ``bits`` bits where it was not extended to 16."""
    value = pattern - 0x10000 if pattern >= 0x8000 else pattern
    if bits < 16 and value >= 1 << (bits - 1):
        value -= 1 << bits
    return value
