"""Uncompressed and RLE pixel data to words."""

from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import integer
from dicom_router.dicom.parsing import PixelElement
from dicom_router.dicom.samples import Samples, Words, stated_layout
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

RLE_HEADER_BYTES: Final = 64
BYTES_PER_RLE_BYTE: Final = 64  # two bytes give a run of 128 (PS3.5 G.3.1)


def decode_native(
    ds: Dataset, pixels: PixelElement, little_endian: bool, photometric: str, shape: tuple[int, ...]
) -> Samples:
    """Lay out native pixel data as (H, W) or (H, W, 3) words.

    Raises:
        UnreadableImage: there are fewer bytes than the header asks for.
    """
    allocated, layout = stated_layout(ds)
    subsampled = len(shape) == 3 and photometric.endswith("_422")
    count = shape[0] * shape[1] * 2 if subsampled else int(np.prod(shape, dtype=np.int64))
    dtype = np.dtype(f"u{allocated // 8}").newbyteorder("<" if little_endian else ">")
    if len(pixels.value) < count * dtype.itemsize:
        raise UnreadableImage(
            Reason.TRUNCATED, f"{len(pixels.value)} bytes of pixel data; {count * dtype.itemsize} are needed"
        )
    swapped = allocated == 8 and not little_endian and pixels.representation == "OW"
    value = _swap_bytes(pixels.value) if swapped else pixels.value
    words = np.frombuffer(value, dtype, count).astype(dtype.newbyteorder("="), copy=False)
    if subsampled:
        return Samples(_luminance_of_422(words, shape), layout, photometric)
    return Samples(_interleave(words, shape, integer(ds, "PlanarConfiguration") == 1), layout, photometric)


def decode_rle(ds: Dataset, frame: bytes, photometric: str, shape: tuple[int, ...]) -> Samples:
    """Decode an RLE frame, whose samples lie in planes (PS3.5 G).

    Raises:
        UnreadableImage: the segments do not give exactly the pixels that the header asks for.
    """
    allocated, layout = stated_layout(ds)
    dtype = np.dtype(f"u{allocated // 8}")
    expected_segments = (1 if len(shape) == 2 else 3) * dtype.itemsize
    if len(frame) < RLE_HEADER_BYTES or int.from_bytes(frame[:4], "little") != expected_segments:
        raise UnreadableImage(Reason.CORRUPT, f"an RLE frame of other than {expected_segments} segments")
    if len(frame) * BYTES_PER_RLE_BYTE < expected_segments * shape[0] * shape[1]:
        raise UnreadableImage(Reason.TRUNCATED, "the RLE segments are too short for the image")
    out = np.empty(shape if len(shape) == 2 else (3, *shape[:2]), dtype)
    decoded = imagecodecs.dicomrle_decode(frame, dtype.newbyteorder("<"), out=out.data.cast("B"))
    if len(decoded) != out.nbytes:
        raise UnreadableImage(Reason.TRUNCATED, "the RLE segments end early")
    return Samples(out if len(shape) == 2 else np.moveaxis(out, 0, -1), layout, photometric)


def _swap_bytes(value: memoryview) -> bytes:
    """Undo the byte order of 8-bit samples that were written as big endian 16-bit words."""
    even = bytes(value).ljust(len(value) + len(value) % 2, b"\0")
    return np.frombuffer(even, np.uint16).byteswap().tobytes()


def _luminance_of_422(words: NDArray[np.unsignedinteger[Any]], shape: tuple[int, ...]) -> Words:
    """Pick the luminance of Y Y Cb Cr quadruples, each of two neighbouring pixels (PS3.3 C.7.6.3.1.2)."""
    if shape[1] % 2:
        raise UnreadableImage(Reason.CORRUPT, "4:2:2 subsampling of an odd number of columns")
    return words.reshape(-1, 4)[:, :2].reshape(shape[:2])


def _interleave(words: NDArray[np.unsignedinteger[Any]], shape: tuple[int, ...], planar: bool) -> Words:
    """Bring separate colour planes to the last axis."""
    if len(shape) == 3 and planar:
        return np.moveaxis(words.reshape(3, *shape[:2]), 0, -1)
    return words.reshape(shape)
