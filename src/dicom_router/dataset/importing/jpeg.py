"""JPEG (ITU-T T.81) and JPEG-LS (T.87) with only the segments that decoding needs; coded data are copied.

Comments, applications' data, thumbnails and whatever follows the image are left
behind. Kept is what changes the decoded pixels, in a form with no room for anything else.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# T.81 table B.1 and T.87 table C.1.
START_OF_IMAGE, END_OF_IMAGE, START_OF_SCAN = 0xD8, 0xD9, 0xDA
JFIF, EXIF, ADOBE, TRANSFORM_OF_LS = 0xE0, 0xE1, 0xEE, 0xE8
JFIF_LENGTH, ADOBE_LENGTH, TRANSFORM_LENGTH = 14, 12, 5
PRESETS_OF_LS: Final = 0xF8
PRESET_LENGTHS: Final = {1: 11, 4: 12}  # of coding parameters and of a large size; other kinds hold tables of colours
# Frames, tables, scans, restart interval and number of lines. No applications' data, no comments.
JPEG_SEGMENTS: Final = frozenset({*range(0xC0, 0xD0), START_OF_SCAN, 0xDB, 0xDC, 0xDD}) - {0xC8}
JPEG_LS_SEGMENTS: Final = frozenset({0xF7, START_OF_SCAN, 0xDC, 0xDD})
# In coded data 0xFF is followed by 0 (a stuffed byte; of JPEG-LS a stuffed bit), a restart marker or more 0xFF.
MARKER_IN_JPEG_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
MARKER_IN_JPEG_LS_SCAN: Final = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")

Slim = Callable[[int, bytes], bytes | None]


def slim_jpeg(data: bytes, first: bytes = b"") -> bytes:
    """Return the JPEG ``data`` with only what decoding needs; ``first`` is put before all other segments.

    Raises:
        UnreadableImage: it ends early, or is no sequence of segments.
    """
    return _rewritten(data, MARKER_IN_JPEG_SCAN, _slim, first)


def slim_jpeg_ls(data: bytes) -> bytes:
    """Return the JPEG-LS ``data`` with only what decoding needs.

    Raises:
        UnreadableImage: it ends early, or is no sequence of segments.
    """
    return _rewritten(data, MARKER_IN_JPEG_LS_SCAN, _slim_ls, b"")


def segment(marker: int, content: bytes) -> bytes:
    """Write a segment."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content


def _rewritten(data: bytes, marker_in_scan: re.Pattern[bytes], slim: Slim, first: bytes) -> bytes:
    kept = [bytes((0xFF, START_OF_IMAGE)), first]
    for marker, content, coded in _segments(data, marker_in_scan):
        needed = slim(marker, content)
        if needed is not None:
            kept += [segment(marker, needed), coded]
    return b"".join([*kept, bytes((0xFF, END_OF_IMAGE))])


def _segments(data: bytes, marker_in_scan: re.Pattern[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield marker, content and the coded data that follow it, up to the end of the image."""
    offset = 2
    while (found := _marker(data, offset))[0] != END_OF_IMAGE:
        marker, offset = found
        start, end = offset + 2, offset + int.from_bytes(data[offset : offset + 2])
        if end > len(data):
            raise UnreadableImage(Reason.TRUNCATED)
        if end < start:
            raise UnreadableImage(Reason.CORRUPT, "a JPEG segment has no length")
        offset = _end_of_scan(data, end, marker_in_scan) if marker == START_OF_SCAN else end
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


def _end_of_scan(data: bytes, offset: int, marker_in_scan: re.Pattern[bytes]) -> int:
    """Return where the coded data from ``offset`` end."""
    found = marker_in_scan.search(data, offset)
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


def _slim_ls(marker: int, content: bytes) -> bytes | None:
    """Return the part of a JPEG-LS segment that decoding needs, or None where that is nothing."""
    if marker in JPEG_LS_SEGMENTS:
        return content
    if marker == PRESETS_OF_LS and content and len(content) <= PRESET_LENGTHS.get(content[0], 0):
        return content
    if marker == TRANSFORM_OF_LS and content.startswith(b"mrfx"):
        return content[:TRANSFORM_LENGTH]
    return None
