"""PNG and JPEG files without anything but their pixels: the container is written anew, the coded pixels are copied.

Text, EXIF, XMP, ICC profiles, thumbnails, times and whatever follows the image are
left behind. Kept is what changes the decoded pixels, in a form with no room for
anything else, and the orientation, since a film must not turn by being imported.
"""

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL import Image

from dicom_router.dataset.importing.jpeg import EXIF, segment, slim_jpeg
from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.source import PNG_SIGNATURE
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
    orientation = _orientation(data)
    turned = orientation != UPRIGHT
    return slim_jpeg(data, segment(EXIF, b"Exif\0\0" + _tiff_orientation(orientation)) if turned else b"")


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
