"""Overlays that older modalities put into unused high bits of the pixels (PS3.3 C.9.2, retired)."""

from typing import Final

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicom_router.dicom.attributes import value_at

GROUPS: Final = range(0x6000, 0x601F, 2)
BITS_ALLOCATED, BIT_POSITION, DATA = 0x0100, 0x0102, 0x3000
MAX_BIT: Final = 31


def embedded_bits(ds: Dataset) -> int:
    """Return a word with the bits set that hold overlays: those of overlays without data of their own."""
    mask = 0
    for group in GROUPS:
        position = _number(ds, group, BIT_POSITION)
        if position is None or not 0 < position <= MAX_BIT or BaseTag(group << 16 | DATA) in ds:
            continue
        if (_number(ds, group, BITS_ALLOCATED) or 0) > 1:
            mask |= 1 << position
    return mask


def _number(ds: Dataset, group: int, element: int) -> int | None:
    """Return the whole number at a tag of a repeating group, None where it is absent or garbage."""
    found = value_at(ds, BaseTag(group << 16 | element))
    return found if isinstance(found, int) else None
