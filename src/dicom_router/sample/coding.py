"""Pixels to DICOM's transfer syntaxes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    """A transfer syntax and how it codes ``(H, W)`` pixels of a bit depth.

    ``room`` holds the bits that a pixel may take, by bit depth; 99 films of 100 need less. A compressed file is
    filled up to its room, so that its size says nothing about what it shows.
    """

    uid: UID
    encode: Callable[[Stored, int], bytes] | None = None
    room: Mapping[int, float] = field(default_factory=dict)
    lossy: bool = False


def _rle(pixels: Stored, bits: int) -> bytes:
    """Return the RLE frame of PS3.5 G: the most significant byte plane first, rows packed one by one."""
    planes = [(pixels >> shift).astype(np.uint8) for shift in range(8 * (pixels.itemsize - 1), -1, -8)]
    segments = [imagecodecs.packbits_encode(plane) for plane in planes]
    segments = [segment + b"\0" * (len(segment) % 2) for segment in segments]
    starts = [64 + sum(len(segment) for segment in segments[:i]) for i in range(len(segments))]
    header = np.asarray([len(segments), *starts, *[0] * (15 - len(segments))], dtype="<u4")
    return header.tobytes() + b"".join(segments)


def _jpeg_lossless(pixels: Stored, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=bits))


def _jpeg_ls(pixels: Stored, bits: int) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels))


def _jpeg(pixels: Stored, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=88, bitspersample=bits))


SYNTAXES: Final[Mapping[Coding, Syntax]] = {
    "explicit": Syntax(ExplicitVRLittleEndian),
    "implicit": Syntax(ImplicitVRLittleEndian),
    "rle": Syntax(RLELossless, _rle, {10: 9.2, 12: 13.0, 14: 16.0, 16: 16.2}),
    "jpeg_lossless": Syntax(JPEGLosslessSV1, _jpeg_lossless, {10: 8.4, 12: 10.2, 14: 11.2, 16: 13.0}),
    "jpeg_ls": Syntax(JPEGLSLossless, _jpeg_ls, {10: 7.9, 12: 9.8, 14: 10.7, 16: 12.8}),
    "jpeg": Syntax(JPEGBaseline8Bit, _jpeg, {8: 3.1}, lossy=True),
    "jpeg_12": Syntax(JPEGExtended12Bit, _jpeg, {12: 7.1}, lossy=True),
}
