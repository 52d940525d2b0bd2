"""Words to stored values: the bits that are the value, whatever else lies in the word.

Bits above BitsStored may be an overlay, a sign extension, or value because BitsStored
is wrong. What the header cannot settle, the picture does: a value that is cut off
wraps around and an overlay taken for value sticks out, and either makes neighbouring
pixels differ more, so that the reading with the smaller total variation is right.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.samples import Layout, Samples, Words

Stored = NDArray[np.integer[Any]]


def stored_values(samples: Samples, overlay_bits: int, padding: NDArray[np.bool_] | None = None) -> Stored:
    """Return the (H, W) stored values, of a signed dtype if they are signed.

    ``overlay_bits`` are bits of the word that hold overlays. Words under
    ``padding`` become 0: they say nothing about where the value ends.
    """
    words: Words = samples.words if padding is None else np.where(padding, samples.words.dtype.type(0), samples.words)
    words, layout = _justify(words, samples.layout, overlay_bits)
    value = _by_layout(words, layout)
    if samples.overridden is None:
        return value
    return _smoother(value, _extend(words, layout.bits_stored, samples.overridden.signed))


def total_variation(values: Stored) -> float:
    """Return the sum of the differences between neighbours along both axes."""
    real = values.astype(np.float64)
    return float(np.abs(np.diff(real, axis=0)).sum() + np.abs(np.diff(real, axis=1)).sum())


def _justify(words: Words, layout: Layout, overlay_bits: int) -> tuple[Words, Layout]:
    """Clear the overlays, and move the value to the low end if it is not there as HighBit claims."""
    everything = (1 << 8 * words.dtype.itemsize) - 1
    low = layout.high_bit + 1 - layout.bits_stored
    value_bits = ((1 << layout.bits_stored) - 1) << low
    if overlay_bits & ~value_bits & everything:
        words = words & words.dtype.type(everything & (value_bits | ~overlay_bits))
    if low > 0 and not _used(words) & ((1 << low) - 1):
        words = np.right_shift(words, words.dtype.type(low))
    return words, Layout(layout.bits_stored, layout.bits_stored - 1, layout.signed)


def _by_layout(words: Words, layout: Layout) -> Stored:
    """Read the words by the layout, wider if their high bits turn out to be value."""
    width = 8 * words.dtype.itemsize
    fits = not int(words.max()) >> layout.bits_stored
    if fits and not layout.signed:
        return words
    value = _extend(words, layout.bits_stored, layout.signed)
    if fits:
        return value
    whole = _extend(words, width, layout.signed)
    return value if layout.signed and np.array_equal(value, whole) else _smoother(whole, value)


def _used(words: Words) -> int:
    """Return the bits that are set in any word."""
    return int(np.bitwise_or.reduce(words, axis=None))


def _extend(words: Words, bits: int, signed: bool) -> Stored:
    """Return the low ``bits`` of ``words``, as two's complement if ``signed``."""
    width = 8 * words.dtype.itemsize
    if not signed:
        return words if bits >= width else words & words.dtype.type((1 << bits) - 1)
    if bits >= width:
        return words.view(f"i{words.dtype.itemsize}")
    shifted: Stored = (words << (width - bits)).view(f"i{words.dtype.itemsize}")
    return shifted >> (width - bits)


def _smoother(first: Stored, second: Stored) -> Stored:
    """Return the reading with the smaller total variation, ``first`` if they are equal."""
    return second if total_variation(second) < total_variation(first) else first
