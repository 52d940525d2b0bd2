"""The one frame of encapsulated pixel data, whatever way it is cut into fragments (PS3.5 A.4)."""

import struct
from typing import Final

from dicom_router.dicom.codestreams import JP2_START, JPEG2000_START, JPEG_START
from dicom_router.dicom.limits import MAX_FRAGMENTS
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

ITEM: Final = 0xE000FFFE  # as a little endian 32-bit word; encapsulated data are never big endian
SEQUENCE_DELIMITER: Final = 0xE0DDFFFE
CODESTREAM_STARTS: Final = (JPEG_START, JPEG2000_START, JP2_START)


def join_fragments(value: memoryview) -> bytes:
    """Return the frame: all items after the offset table, one after the other.

    A film has one frame, so the table, empty or not, is not needed. Where a writer
    left it out, the first item starts with a codestream. A missing delimiter is
    forgiven here; the end of the codestream is checked elsewhere.

    Raises:
        UnreadableImage: an item runs over the end, there are too many, or the value is no sequence of items.
    """
    items = _items(value)
    if items and not bytes(items[0][:8]).startswith(CODESTREAM_STARTS):
        del items[0]
    if not items:
        raise UnreadableImage(Reason.NO_PIXELS, "the pixel data hold no fragment")
    return b"".join(items)


def _items(value: memoryview) -> list[memoryview]:
    """Return the values of the items."""
    items, offset = [], 0
    while offset + 8 <= len(value):
        tag, length = struct.unpack_from("<II", value, offset)
        if tag == SEQUENCE_DELIMITER:
            break
        if tag != ITEM:
            raise UnreadableImage(Reason.CORRUPT, "the pixel data are no sequence of fragments")
        offset += 8 + length
        if offset > len(value):
            raise UnreadableImage(Reason.TRUNCATED, "the file ends inside a fragment of the pixel data")
        items.append(value[offset - length : offset])
        if len(items) > MAX_FRAGMENTS:
            raise UnreadableImage(Reason.CORRUPT, f"the pixel data lie in more than {MAX_FRAGMENTS} fragments")
    return items
