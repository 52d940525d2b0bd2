"""Bytes of a DICOM file to a data set and the raw value of its pixel data, nothing decoded.

pydicom reads up to the pixel data. The pixel data are taken from the bytes here,
so that a file that ends too early keeps its header and is told from one without pixels.
"""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_router.dicom.deflated import inflate
from dicom_router.dicom.limits import MAX_HEADER_BYTES, MAX_READS
from dicom_router.dicom.source import LONG_REPRESENTATIONS, Content, has_preamble
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# What pydicom raises on damaged data sets, found by its source and by mutating files at random.
PARSE_ERRORS: Final = (
    AttributeError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,  # what it has not written yet, and too deep a nesting, are of this kind
    TypeError,
    ValueError,
    BytesLengthException,
    InvalidDicomError,
    struct.error,
)
UNDEFINED_LENGTH: Final = 0xFFFFFFFF
USUAL_HEADER_BYTES: Final = 1 << 20
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


class _Header(BytesIO):
    """The bytes up to the limit of a header, for a parser that would build whatever the file tells it to.

    A data element or an item, nested however deep, costs two or three reads: their number bounds time and memory.
    What was refused is kept in ``refusal``, since pydicom turns some exceptions into others.
    """

    reads = 0
    refusal: UnreadableImage | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        """Read ``size`` bytes.

        Raises:
            UnreadableImage: there are more elements than any film has, or the rest is wanted as a whole.
        """
        self.reads += 1
        if self.reads > MAX_READS:
            self.refusal = UnreadableImage(Reason.TOO_LARGE, f"the header has more than {MAX_READS // 3} elements")
        elif size is None or size < 0:  # pydicom inflates what follows an unusual file meta information without a limit
            self.refusal = UnreadableImage(Reason.CORRUPT, "deflated, without a sound file meta information")
        if self.refusal is not None:
            raise self.refusal
        return super().read(size)


def parse(data: Content) -> DicomFile:
    """Parse a DICOM file or a bare data set; call it inside ``quiet()``.

    Raises:
        UnreadableImage: the header is damaged, cut short or too large, or inflates beyond the limit.
    """
    content, deflated = inflate(data)
    ds, end = _header(content, force=not has_preamble(data))
    syntax = DeflatedExplicitVRLittleEndian if deflated else ds.file_meta.get("TransferSyntaxUID", "")
    little_endian = _is_little_endian(ds)
    pixels = _pixel_element(content, end, "<" if little_endian else ">")
    return DicomFile(ds, str(syntax), little_endian, pixels, _ends_early(ds, len(content)))


def _header(content: Content | bytearray, *, force: bool) -> tuple[FileDataset, int]:
    """Return what stands before the pixel data and where it ends, looking at no more of a mapped file than it takes.

    Raises:
        UnreadableImage: the header is damaged, cut short or too large.
    """
    for limit in (USUAL_HEADER_BYTES, MAX_HEADER_BYTES):
        stream = _Header(content[:limit])
        try:
            ds = pydicom.dcmread(stream, stop_before_pixels=True, force=force)
        except PARSE_ERRORS:
            ds = None
        if ds is not None and len(ds) and (stream.tell() < limit or len(content) < limit):
            return ds, stream.tell()
        if stream.refusal is not None or len(content) <= limit:
            break
    raise _damaged(stream, len(content))


def _damaged(stream: _Header, size: int) -> UnreadableImage:
    """Say whether the parser ran into a limit, the end of the file or nonsense."""
    if stream.refusal is not None:
        return stream.refusal
    if MAX_HEADER_BYTES <= stream.tell() < size:
        return UnreadableImage(Reason.TOO_LARGE, f"the header has more than {MAX_HEADER_BYTES} bytes")
    if stream.tell() >= size:
        return UnreadableImage(Reason.TRUNCATED, "the file ends inside its header")
    return UnreadableImage(Reason.CORRUPT, "the header is no sequence of data elements")


def _is_little_endian(ds: FileDataset) -> bool:
    """Return the byte order that the data set was read with."""
    return ds.original_encoding[1] is not False


def _pixel_element(data: Content | bytearray, offset: int, order: str) -> PixelElement | None:
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
