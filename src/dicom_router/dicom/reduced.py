"""Codestreams decoded at a fraction of their size, by Pillow: the low band of a wavelet, or a smaller inverse DCT.

Where this is not possible, or would mix what must not be mixed, the answer is None and the caller decodes in full.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import value
from dicom_router.dicom.codestreams import Codestream
from dicom_router.dicom.grid import Grid, blocks, centred
from dicom_router.dicom.overlays import embedded_bits
from dicom_router.dicom.raster import RASTER_ERRORS
from dicom_router.dicom.samples import Layout, Words

# How many samples along each axis an output pixel is averaged from, at least: measured so that the mean error stays
# below a 255th. A finer DCT costs little, a finer wavelet four times as much.
OVERSAMPLING: Final = {"jpeg": 2.0, "jpeg2k": 4 / 3}
# In a small picture details are few pixels wide, and there is little time to save.
LEAST_SIDE: Final = 256
LARGEST_PRECISION: Final = 16
# Padding and shutters end between two pixels, which a smaller picture has mixed.
EXACT: Final = ("PixelPaddingValue", "ShutterShape")
DAMAGED: Final = (*RASTER_ERRORS, Image.DecompressionBombError)


def decode_reduced(
    ds: Dataset, stream: Codestream, layout: Layout, wanted: tuple[int, int]
) -> tuple[Words, Grid] | None:
    """Return the samples and how they lie, some more than ``wanted`` (rows, columns) asks for; None where it cannot."""
    times = min(stream.halvings, _halvings(stream, wanted))
    if times == 0 or stream.samples != 1 or stream.precision > LARGEST_PRECISION or stream.signed != layout.signed:
        return None
    if embedded_bits(ds) or any(value(ds, keyword) is not None for keyword in EXACT):
        return None
    try:
        words = DECODERS[stream.codec](stream, times)
    except DAMAGED:
        return None
    step = 1 << times
    expected = (-(-stream.rows // step), -(-stream.columns // step))
    return (words, GRIDS[stream.codec](step)) if words.shape == expected else None


def _halvings(stream: Codestream, wanted: tuple[int, int]) -> int:
    """Return how often both sides can be halved and stay large enough."""
    oversampling = OVERSAMPLING.get(stream.codec, np.inf)
    spare = min(stream.rows / wanted[0], stream.columns / wanted[1]) / oversampling
    ratio = min(spare, max(stream.rows, stream.columns) / LEAST_SIDE)
    return max(0, int(np.floor(np.log2(ratio)))) if ratio > 0 else 0


class _LowBand(Jpeg2KImageFile):
    """Pillow's reader, whose reduced size is rounded to the nearest pixel where the standard rounds up."""

    def reduce_size(self, times: int) -> None:
        """Decode all but the ``times`` finest bands."""
        self._size = (-(-self.size[0] >> times), -(-self.size[1] >> times))
        self.tile = [tile._replace(extents=(0, 0, *self._size), args=_reduced(tile.args, times)) for tile in self.tile]


def _reduced(args: Any, times: int) -> tuple[Any, ...]:  # noqa: ANN401
    codec, _, *others = args
    return codec, times, *others


def _low_band(stream: Codestream, times: int) -> Words:
    """Return the low band as two's complement of the codestream's precision."""
    image = _LowBand(BytesIO(stream.content))
    image.reduce_size(times)
    shifted: NDArray[np.unsignedinteger[Any]] = np.array(image)
    # Pillow fills the word: values come shifted up, and signed ones raised by half of the range.
    words: Words = np.right_shift(shifted, shifted.dtype.type(8 * shifted.itemsize - stream.precision))
    return words ^ words.dtype.type(1 << (stream.precision - 1)) if stream.signed else words


def _small_dct(stream: Codestream, times: int) -> Words:
    """Return the means of blocks, as nearly as an inverse DCT of a part of the coefficients gives them."""
    with Image.open(BytesIO(stream.content), formats=["JPEG"]) as image:
        image.draft("L", (image.width >> times, image.height >> times))
        words: Words = np.array(image)
    return words


DECODERS: Final[dict[str, Callable[[Codestream, int], Words]]] = {"jpeg": _small_dct, "jpeg2k": _low_band}
GRIDS: Final[dict[str, Callable[[int], Grid]]] = {"jpeg": blocks, "jpeg2k": centred}
