"""PNG and JPEG files without anything but their pixels: the container is written anew, the coded pixels are copied.

Text, EXIF, XMP, ICC profiles, thumbnails, times and whatever follows the image are
left behind. Kept is what changes the decoded pixels, in a form with no room for
anything else, and the orientation, since a film must not turn by being imported.
"""

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL import Image

from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.source import JPEG_SIGNATURE, PNG_SIGNATURE
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# Chunks of PNG (ISO/IEC 15948) that decoding needs, and the longest that each may be.
PNG_CHUNKS: Final = {
    b"IHDR": 13,
    b"PLTE": 768,
    b"IDAT": 1 << 31,
    b"IEND": 0,
    b"tRNS": 256,
    b"gAMA": 4,
    b"sBIT": 4,
    b"pHYs": 9,
}

ORIENTED_CHUNKS: Final = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt"})

# Markers of JPEG (ITU-T T.81, table B.1).
START_OF_IMAGE, END_OF_IMAGE, START_OF_SCAN = 0xD8, 0xD9, 0xDA
JFIF, EXIF, ADOBE = 0xE0, 0xE1, 0xEE
JFIF_LENGTH, ADOBE_LENGTH = 14, 12
# Frames, tables, scans, restart interval and number of lines. No applications' data, no comments.
JPEG_SEGMENTS: Final = frozenset({*range(0xC0, 0xD0), START_OF_SCAN, 0xDB, 0xDC, 0xDD})
# In coded data 0xFF is followed by 0 (a stuffed byte), a restart marker or more 0xFF.
MARKER_IN_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

ORIENTATION: Final = 0x0112
UPRIGHT: Final = 1


def strip_png(data: bytes) -> bytes:
    """Return the PNG file ``data`` with only the chunks that decoding needs.

    Raises:
        UnreadableImage: it ends early, or a checksum is wrong.
    """
    chunks = list(_png_chunks(data))
    kept = [_png_chunk(name, content) for name, content in chunks if len(content) <= PNG_CHUNKS.get(name, -1)]
    # Pillow decodes the whole image to look for an orientation: not where no chunk can hold one.
    if any(name in ORIENTED_CHUNKS for name, _ in chunks) and (orientation := _orientation(data)) != UPRIGHT:
        kept.insert(1, _png_chunk(b"eXIf", _tiff_orientation(orientation)))
    return b"".join([PNG_SIGNATURE, *kept])


def strip_jpeg(data: bytes) -> bytes:
    """Return the JPEG file ``data`` with only the segments that decoding needs.

    Raises:
        UnreadableImage: it ends early, or is no sequence of segments.
    """
    kept = [JPEG_SIGNATURE[:2]]
    if (orientation := _orientation(data)) != UPRIGHT:
        kept.append(_jpeg_segment(EXIF, b"Exif\0\0" + _tiff_orientation(orientation)))
    for marker, content, coded in _jpeg_segments(data):
        slim = _slim(marker, content)
        if slim is not None:
            kept += [_jpeg_segment(marker, slim), coded]
    return b"".join([*kept, bytes((0xFF, END_OF_IMAGE))])


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each chunk, up to and with IEND."""
    offset, name = len(PNG_SIGNATURE), b""
    while name != b"IEND":
        length, name = int.from_bytes(data[offset : offset + 4]), data[offset + 4 : offset + 8]
        end = offset + 8 + length
        if end + 4 > len(data):
            raise UnreadableImage(Reason.TRUNCATED)
        if zlib.crc32(data[offset + 4 : end]) != int.from_bytes(data[end : end + 4]):
            raise UnreadableImage(Reason.CORRUPT, "the checksum of a PNG chunk is wrong")
        yield name, data[offset + 8 : end]
        offset = end + 4


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield marker, content and the coded data that follow it, up to the end of the image."""
    offset = 2
    while (found := _marker(data, offset))[0] != END_OF_IMAGE:
        marker, offset = found
        start, end = offset + 2, offset + int.from_bytes(data[offset : offset + 2])
        if end > len(data):
            raise UnreadableImage(Reason.TRUNCATED)
        if end < start:
            raise UnreadableImage(Reason.CORRUPT, "a JPEG segment has no length")
        offset = _end_of_scan(data, end) if marker == START_OF_SCAN else end
        yield marker, data[start:end], data[end:offset]


def _marker(data: bytes, offset: int) -> tuple[int, int]:
    """Return the marker at ``offset`` and where its segment starts; 0xFF before it is filling."""
    if offset < len(data) and data[offset] != 0xFF:
        raise UnreadableImage(Reason.CORRUPT, "no JPEG marker where one must stand")
    while data[offset : offset + 1] == b"\xff":
        offset += 1
    if offset >= len(data):
        raise UnreadableImage(Reason.TRUNCATED)
    return data[offset], offset + 1


def _end_of_scan(data: bytes, offset: int) -> int:
    """Return where the coded data from ``offset`` end."""
    found = MARKER_IN_SCAN.search(data, offset)
    if found is None:
        raise UnreadableImage(Reason.TRUNCATED)
    return found.start()


def _slim(marker: int, content: bytes) -> bytes | None:
    """Return the part of a segment that decoding needs, or None where that is nothing."""
    if marker in JPEG_SEGMENTS:
        return content
    if marker == JFIF and content.startswith(b"JFIF\0") and len(content) >= JFIF_LENGTH:
        return content[: JFIF_LENGTH - 2] + b"\0\0"  # a thumbnail of 0 by 0 pixels
    if marker == ADOBE and content.startswith(b"Adobe") and len(content) >= ADOBE_LENGTH:
        return content[:ADOBE_LENGTH]
    return None


def _jpeg_segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content


def _orientation(data: bytes) -> int:
    """Return the orientation (EXIF 0x0112, 1 to 8) that a reader of ``data`` would apply, 1 where it says none."""
    try:
        with quiet(), Image.open(BytesIO(data)) as image:
            stated = image.getexif().get(ORIENTATION, UPRIGHT)
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError):
        return UPRIGHT
    return stated if isinstance(stated, int) and 1 <= stated <= 8 else UPRIGHT


def _tiff_orientation(orientation: int) -> bytes:
    """Return a TIFF structure with one entry, the orientation (EXIF 2.3, 4.6.2)."""
    entry = ORIENTATION.to_bytes(2) + (3).to_bytes(2) + (1).to_bytes(4) + orientation.to_bytes(2) + b"\0\0"
    return b"MM\0*" + (8).to_bytes(4) + (1).to_bytes(2) + entry + b"\0\0\0\0"
