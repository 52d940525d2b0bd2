"""What a JPEG, JPEG-LS or JPEG 2000 codestream says about itself, which counts more than the DICOM header.

JPEG and JPEG-LS: ITU-T T.81 B.2 and T.87 C.2. JPEG 2000: T.800 A.5.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from dicom_router.dicom.limits import MAX_SCANS, MAX_SEGMENTS
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

Codec = Literal["jpeg", "jpegls", "jpeg2k"]

JPEG_START: Final = b"\xff\xd8"
JPEG2000_START: Final = b"\xff\x4f\xff\x51"
JP2_START: Final = b"\x00\x00\x00\x0cjP  "
JP2_HEADER_BYTES: Final = 1 << 16
END_OF_IMAGE: Final = b"\xff\xd9"
FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEGLS_FRAME: Final = 0xF7
DCT_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
DCT_HALVINGS: Final = 3  # blocks of 8
REVERSIBLE: Final = 1
# The integer wavelet rounds down: with every halving, grain lifts the low band by half a step, too much of 256.
LEAST_REVERSIBLE_PRECISION: Final = 10
APP0, APP14, START_OF_SCAN = 0xE0, 0xEE, 0xDA
STANDALONE: Final = frozenset(range(0xD0, 0xD9)) | {0x01}
COMPONENTS_ARE_RGB: Final = b"RGB"


@dataclass(frozen=True)
class Codestream:
    """Facts of a codestream; ``transformed`` says whether three components are YCbCr, None where it does not say.

    ``content`` is the codestream that the facts are of, for the decoder to see no other: without a JP2 container,
    whose boxes could hold a small one for us and a large one for it.
    ``halvings`` is how often a decoder may halve the size, 0 where it cannot.
    """

    codec: Codec
    content: bytes = field(repr=False)
    rows: int
    columns: int
    samples: int
    precision: int
    signed: bool
    transformed: bool | None
    halvings: int = 0


def describe(data: bytes) -> Codestream:
    """Read the facts of the codestream in ``data`` without decoding it.

    Raises:
        UnreadableImage: ``data`` is no codestream, or has no end.
    """
    try:
        if data.startswith(JPEG_START):
            return _describe_jpeg(data)
        if data.startswith((JPEG2000_START, JP2_START)):
            return _describe_jpeg2000(data)
    except (struct.error, IndexError):
        raise UnreadableImage(Reason.TRUNCATED, "the compressed image ends inside its header") from None
    raise UnreadableImage(Reason.CORRUPT, "the compressed image starts with no known marker")


def _describe_jpeg(data: bytes) -> Codestream:
    transformed = None
    for marker, start in _segments(data):
        if marker in FRAME_MARKERS or marker == JPEGLS_FRAME:
            return _frame(data, marker, start, transformed)
        if marker == APP0 and data[start : start + 5] == b"JFIF\0" and transformed is None:
            transformed = True
        if marker == APP14 and data[start : start + 5] == b"Adobe":
            transformed = data[start + 11] != 0
    raise UnreadableImage(Reason.CORRUPT, "the compressed image has no frame header")


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (marker, offset of its content) of the segments before the first scan."""
    offset = 2
    for _ in range(MAX_SEGMENTS):
        if data[offset] != 0xFF:
            raise UnreadableImage(Reason.CORRUPT, "the header of the compressed image is no sequence of segments")
        marker = data[offset + 1]
        if marker == 0xFF:  # fill
            offset += 1
        elif marker in STANDALONE:
            offset += 2
        elif marker == START_OF_SCAN:
            return
        else:
            yield marker, offset + 4
            offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]
    raise UnreadableImage(Reason.CORRUPT, f"the compressed image has more than {MAX_SEGMENTS} segments in its header")


def _frame(data: bytes, marker: int, start: int, transformed: bool | None) -> Codestream:
    """Read a frame header: precision, lines, samples a line, components."""
    precision, rows, columns, samples = struct.unpack_from(">BHHB", data, start)
    _check_end(data, start)
    check_scans(data)
    if bytes(data[start + 6 + 3 * i] for i in range(min(samples, 3))) == COMPONENTS_ARE_RGB:
        transformed = False
    codec: Codec = "jpegls" if marker == JPEGLS_FRAME else "jpeg"
    halvings = DCT_HALVINGS if marker in DCT_FRAMES and precision == 8 else 0
    return Codestream(codec, data, rows, columns, samples, precision, False, transformed, halvings)


def _describe_jpeg2000(data: bytes) -> Codestream:
    start = data.find(JPEG2000_START, 0, JP2_HEADER_BYTES)
    if start < 0:
        raise UnreadableImage(Reason.CORRUPT, "the JP2 container holds no codestream")
    right, lower, left, upper = struct.unpack_from(">IIII", data, start + 8)
    samples, depth = struct.unpack_from(">HB", data, start + 40)
    _check_end(data, start)
    style = data.find(b"\xff\x52", start, start + JP2_HEADER_BYTES)
    transformed = bool(data[style + 8]) if style > 0 else None
    precision, signed = (depth & 0x7F) + 1, bool(depth & 0x80)
    biased = style > 0 and data[style + 13] == REVERSIBLE and precision < LEAST_REVERSIBLE_PRECISION
    halvings = data[style + 9] if style > 0 and left == upper == 0 and not biased else 0
    size = (lower - upper, right - left)
    return Codestream("jpeg2k", data[start:], *size, samples, precision, signed, transformed, halvings)


def check_scans(data: bytes) -> None:
    """Accept a JPEG whose scans are no more than a progressive one needs; byte stuffing keeps their marker unique.

    Raises:
        UnreadableImage: there are more.
    """
    if data.count(bytes([0xFF, START_OF_SCAN])) > MAX_SCANS:
        raise UnreadableImage(Reason.CORRUPT, f"the compressed image has more than {MAX_SCANS} scans")


def _check_end(data: bytes, start: int) -> None:
    """Demand an end marker: byte stuffing keeps its two bytes out of the coded data.

    Raises:
        UnreadableImage: there is none after ``start``.
    """
    if data.rfind(END_OF_IMAGE) < start:
        raise UnreadableImage(Reason.TRUNCATED, "the compressed image has no end marker")
