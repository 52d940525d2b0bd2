"""The compressed frame of a DICOM file without anything but the picture."""

import struct
from collections.abc import Callable
from typing import Final

from dicom_router.dataset.importing.jpeg import slim_jpeg, slim_jpeg_ls
from dicom_router.dataset.importing.jpeg2000 import slim_jpeg2000
from dicom_router.dicom.codestreams import Codec, describe
from dicom_router.dicom.native import RLE_HEADER_BYTES

SLIMMERS: Final[dict[Codec, Callable[[bytes], bytes]]] = {
    "jpeg": slim_jpeg,
    "jpegls": slim_jpeg_ls,
    "jpeg2k": slim_jpeg2000,
}


def slim_codestream(frame: bytes) -> bytes:
    """Return a JPEG, JPEG-LS or JPEG 2000 ``frame`` without comments and the like.

    Raises:
        UnreadableImage: it is cut short or damaged.
    """
    return SLIMMERS[describe(frame).codec](frame)


def slim_rle(frame: bytes) -> bytes:
    """Return an RLE ``frame`` with nothing in the unused part of its header (PS3.5 G.5).

    It is known to decode, which shows that its segments follow the header and each other without a gap and end
    where their pixels do.
    """
    count, *offsets = struct.unpack_from("<16I", frame)
    used = offsets[:count]
    return struct.pack("<16I", count, *used, *[0] * (len(offsets) - len(used))) + frame[RLE_HEADER_BYTES:]
