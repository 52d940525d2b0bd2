"""Pixels to DICOM's transfer syntaxes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from dicom_router.sample.hospital import Coding

Stored = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Syntax:
    """A transfer syntax and how it codes ``(H, W)`` pixels of a bit depth; a pixel may take ``room`` of its bits and ``overhead`` bits more.

    Compressed files are filled up to their room, so that a file's size says nothing about what it shows.
    """

    uid: UID
    encode: Callable[[Stored, int], bytes] | None = None
    lossy: bool = False
    room: float = 1.0
    overhead: float = 0.0


def _rle(pixels: Stored, bits: int) -> bytes:
    """Return the RLE frame of PS3.5 G: the most significant byte plane first, rows packed one by one."""
    planes = [(pixels >> shift).astype(np.uint8) for shift in range(8 * (pixels.itemsize - 1), -1, -8)]
    segments = [imagecodecs.packbits_encode(plane) for plane in planes]
    segments = [segment + b"\0" * (len(segment) % 2) for segment in segments]
    starts = [64 + sum(len(segment) for segment in segments[:i]) for i in range(len(segments))]
    header = np.asarray([len(segments), *starts, *[0] * (15 - len(segments))], dtype="<u4")
    return header.tobytes() + b"".join(segments)


def _jpeg_lossless(pixels: Stored, bits: int) -> bytes:
    return imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=bits)


def _jpeg_ls(pixels: Stored, bits: int) -> bytes:
    return imagecodecs.jpegls_encode(pixels)


def _jpeg(pixels: Stored, bits: int) -> bytes:
    return imagecodecs.jpeg8_encode(pixels, level=88, bitspersample=bits)


SYNTAXES: Final[Mapping[Coding, Syntax]] = {
    "explicit": Syntax(ExplicitVRLittleEndian),
    "implicit": Syntax(ImplicitVRLittleEndian),
    "rle": Syntax(RLELossless, _rle, room=1.0),
    "jpeg_lossless": Syntax(JPEGLosslessSV1, _jpeg_lossless, room=0.8),
    "jpeg_ls": Syntax(JPEGLSLossless, _jpeg_ls, room=0.8),
    "jpeg": Syntax(JPEGBaseline8Bit, _jpeg, lossy=True, room=0.4),
    "jpeg_12": Syntax(JPEGExtended12Bit, _jpeg, lossy=True, room=0.4),
}
