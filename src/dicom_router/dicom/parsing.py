"""Bytes of a DICOM file to a data set and the raw value of its pixel data, nothing decoded.

pydicom reads up to the pixel data. The pixel data are taken from the bytes here,
so that a file that ends too early keeps its header and is told from one without pixels.
"""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from dicom_router.dicom.limits import MAX_FILE_BYTES
from dicom_router.dicom.source import LONG_REPRESENTATIONS, PREAMBLE_BYTES, has_preamble
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# What pydicom raises on damaged data sets, found by its source and by mutating files at random.
PARSE_ERRORS: Final = (
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    BytesLengthException,
    InvalidDicomError,
    struct.error,
)
UNDEFINED_LENGTH: Final = 0xFFFFFFFF
PIXEL_ELEMENTS: Final = {0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData", 0x0010: "PixelData"}


@dataclass(frozen=True)
class PixelElement:
    """The pixel data as stored, with what is there of their value: items when ``encapsulated``.

    ``representation`` is the explicit VR, ``""`` in implicit files.
    """

    keyword: str
    representation: str
    value: memoryview
    encapsulated: bool


@dataclass(frozen=True, eq=False, repr=False)
class DicomFile:
    """A parsed file; ``pixels`` is None when it has none."""

    ds: FileDataset
    TransferSyntaxUID: str
    little_endian: bool
    pixels: PixelElement | None
    ends_early: bool


def parse(data: bytes) -> DicomFile:
    """Parse a DICOM file or a bare data set; call it inside ``quiet()``.

    Raises:
        UnreadableImage: the header is damaged or cut short, or inflates beyond the limit.
    """
    data, deflated = _inflate(data)
    stream = BytesIO(data)
    try:
        ds = pydicom.dcmread(stream, stop_before_pixels=True, force=not has_preamble(data))
    except PARSE_ERRORS:
        raise _damaged(stream, data) from None
    if not len(ds):
        raise _damaged(stream, data)
    syntax = DeflatedExplicitVRLittleEndian if deflated else ds.file_meta.get("TransferSyntaxUID", "")
    little_endian = _is_little_endian(ds)
    pixels = _pixel_element(data, stream.tell(), "<" if little_endian else ">")
    return DicomFile(ds, str(syntax), little_endian, pixels, _ends_early(ds, len(data)))


def _damaged(stream: BytesIO, data: bytes) -> UnreadableImage:
    """Say whether the parser ran into the end of the file or into nonsense."""
    if stream.tell() >= len(data):
        return UnreadableImage(Reason.TRUNCATED, "the file ends inside its header")
    return UnreadableImage(Reason.CORRUPT, "the header is no sequence of data elements")


def _is_little_endian(ds: FileDataset) -> bool:
    """Return the byte order that the data set was read with."""
    return ds.original_encoding[1] is not False


def _pixel_element(data: bytes, offset: int, order: str) -> PixelElement | None:
    """Return the pixel data element that starts at ``offset``, or None if there is none."""
    header = data[offset : offset + 12].ljust(12, b"\0")
    group, element, representation, _, length = struct.unpack(f"{order}HH2sHI", header)
    if group != 0x7FE0 or element not in PIXEL_ELEMENTS:
        return None
    start = offset + 12
    if representation not in LONG_REPRESENTATIONS:
        representation, start, (length,) = b"", offset + 8, struct.unpack_from(f"{order}I", header, 4)
    encapsulated = length == UNDEFINED_LENGTH
    value = memoryview(data)[start:] if encapsulated else memoryview(data)[start : start + length]
    return PixelElement(PIXEL_ELEMENTS[element], representation.decode(), value, encapsulated)


def _ends_early(ds: FileDataset, size: int) -> bool:
    """Tell whether the last element of the header ends elsewhere than a file without pixel data does."""
    try:
        last = ds.get_item(max(ds.keys()))
    except PARSE_ERRORS:
        return True
    length, start = getattr(last, "length", None), getattr(last, "value_tell", None)
    return length is not None and start is not None and start + length != size


def _inflate(data: bytes) -> tuple[bytes, bool]:
    """Return ``data`` with a deflated data set inflated, and whether it was.

    The transfer syntax in the file meta information becomes the explicit one of
    the same length, so that the parser takes the result as it is.

    Raises:
        UnreadableImage: the deflated stream is damaged, cut short or a bomb.
    """
    deflated, explicit = DeflatedExplicitVRLittleEndian.encode(), ExplicitVRLittleEndian.encode()
    start = _end_of_meta(data) if has_preamble(data) else 0
    if deflated not in data[:start]:
        return data, False
    meta = data[:start].replace(deflated, explicit.ljust(len(deflated), b"\0"))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data[start:], MAX_FILE_BYTES)
    except zlib.error:
        raise UnreadableImage(Reason.CORRUPT, "the deflated data set is damaged") from None
    if inflater.unconsumed_tail:
        raise UnreadableImage(Reason.TOO_LARGE, "the deflated data set inflates to more than 2**30 bytes")
    if not inflater.eof:
        raise UnreadableImage(Reason.TRUNCATED, "the deflated data set ends early")
    return meta + inflated, True


def _end_of_meta(data: bytes) -> int:
    """Return the offset behind the file meta information, which is always explicit little endian."""
    offset = PREAMBLE_BYTES + 4
    while data[offset : offset + 2] == b"\x02\x00" and offset + 12 <= len(data):
        long = data[offset + 4 : offset + 6] in (b"OB", b"UN")
        (length,) = struct.unpack_from("<I" if long else "<H", data, offset + (8 if long else 6))
        offset += (12 if long else 8) + length
    return offset
