"""Bits of native pixel words that are no part of any pixel: cleared where clearing changes no pixel that is read.

Older modalities drew text into the unused high bits as an overlay (PS3.3 C.9.2,
retired). Whether a bit above BitsStored is unused is for the reader to say, since
BitsStored is wrong at times: bits go only if the film reads the same without them.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.bits import stored_values
from dicom_router.dicom.colour import luminance
from dicom_router.dicom.overlays import embedded_bits
from dicom_router.dicom.padding import padding_bounds, word_padding
from dicom_router.dicom.samples import Samples


def bits_to_keep(ds: Dataset, samples: Samples) -> int | None:
    """Return the bits of a word that the pixels need; None where a stated overlay cannot be told from them."""
    everything = (1 << 8 * samples.words.dtype.itemsize) - 1
    value_bits, overlays = _value_bits(samples), embedded_bits(ds)
    used = int(np.bitwise_or.reduce(samples.words, axis=None))
    if not used & ~value_bits:
        return everything
    read = _read(ds, samples, overlays)
    if not overlays and _is_whole_word(read, samples):
        return everything
    for kept in (value_bits, everything & (value_bits | ~overlays)):
        words = samples.words & samples.words.dtype.type(kept)
        if np.array_equal(read, _read(ds, replace(samples, words=words), 0)):
            return kept
    return None if overlays & used else everything


def _value_bits(samples: Samples) -> int:
    """Return the bits in which the header puts the value."""
    layout = samples.layout
    return ((1 << layout.bits_stored) - 1) << (layout.high_bit + 1 - layout.bits_stored)


def _read(ds: Dataset, samples: Samples, overlays: int) -> NDArray[Any]:
    """Return the values that a reader sees."""
    if samples.words.ndim == 3 or samples.photometric.startswith("YBR"):
        return luminance(samples)
    padding = word_padding(samples.words, padding_bounds(ds), samples.layout)
    return stored_values(samples, overlays, padding)


def _is_whole_word(read: NDArray[Any], samples: Samples) -> bool:
    """Say whether every bit is read: the value is longer than stated, or its sign was extended."""
    return read.dtype.kind in "iu" and np.array_equal(read.view(samples.words.dtype), samples.words)
