"""Lookup tables of DICOM (PS3.3 C.11.1.1.1, C.11.2.1.1, C.7.6.3.1.5), with the liberties that writers take."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import numbers, value


@dataclass(frozen=True, eq=False)
class Lut:
    """A table: inputs from ``first`` on map to ``entries``, (N,) float64, of ``bits`` bits; others to its ends."""

    first: int
    entries: NDArray[np.float64]
    bits: int

    @property
    def full_scale(self) -> float:
        """Return the largest output that the table can have."""
        return float((1 << self.bits) - 1)

    def look_up(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the outputs for ``inputs``, of the same shape."""
        first = self._first_for(inputs)
        index = np.clip(np.rint(inputs) - first, 0, len(self.entries) - 1).astype(np.int64)
        outputs: NDArray[np.float64] = self.entries[index]
        return outputs

    def _first_for(self, inputs: NDArray[np.float64]) -> int:
        """Take ``first`` as signed where inputs are negative or never reach it unsigned."""
        if self.first >= 0x8000 and (inputs.min() < 0 or inputs.max() < self.first):
            return self.first - 0x10000
        return self.first


def read_lut(ds: Dataset, little_endian: bool, descriptor: str = "LUTDescriptor", data: str = "LUTData") -> Lut | None:
    """Return the table in ``ds``, None where there is none or it is garbage.

    Zero entries are 65,536. Tables of 8 bits come as bytes or as words; the length tells.
    """
    stated = numbers(ds, descriptor)
    if len(stated) != 3:
        return None
    count, first, bits = (int(stated[0]) & 0xFFFF) or 0x10000, int(stated[1]) & 0xFFFF, int(stated[2])
    entries = _entries(ds, data, little_endian, bits, count)
    if not len(entries):
        return None
    return Lut(first, entries.astype(np.float64), _bits(bits, int(entries.max())))


def _entries(
    ds: Dataset, keyword: str, little_endian: bool, bits: int, count: int
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return at most ``count`` entries, from bytes, words or numbers."""
    content = value(ds, keyword)
    if not isinstance(content, bytes):
        return np.array([int(item) & 0xFFFF for item in numbers(ds, keyword)[:count]], np.uint16)
    words = np.frombuffer(content, "<u2" if little_endian else ">u2", len(content) // 2).astype("<u2")
    if len(words) < count <= len(content) and bits <= 8:
        return words.view(np.uint8)[:count]
    return words[:count].astype(np.uint16)


def _bits(stated: int, largest: int) -> int:
    """Return the bits of the output: as stated, unless entries exceed them or use less than a sixteenth of the range.

    Tables of 12 bits that claim 16 are common, and would make the picture black.
    """
    needed = max(largest.bit_length(), 1)
    return stated if needed <= stated < needed + 4 else needed
