"""Data sets of the deflated transfer syntax, inflated step by step up to a limit (PS3.5 A.5)."""

import struct
import zlib
from typing import Final

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from dicom_router.dicom.limits import MAX_FILE_BYTES
from dicom_router.dicom.source import PREAMBLE_BYTES, Content, has_preamble
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

STEP: Final = 1 << 14  # bytes of input, which inflate to 16 MiB at most
MAX_META_BYTES: Final = 1 << 20


def inflate(data: Content) -> tuple[Content | bytearray, bool]:
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
    inflated = bytearray(data[:start].replace(deflated, explicit.ljust(len(deflated), b"\0")))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for offset in range(start, len(data), STEP):
            inflated += inflater.decompress(data[offset : offset + STEP])
            if len(inflated) > MAX_FILE_BYTES:
                raise UnreadableImage(
                    Reason.TOO_LARGE, f"the deflated data set inflates to more than {MAX_FILE_BYTES} bytes"
                )
    except zlib.error:
        raise UnreadableImage(Reason.CORRUPT, "the deflated data set is damaged") from None
    if not inflater.eof:
        raise UnreadableImage(Reason.TRUNCATED, "the deflated data set ends early")
    return inflated, True


def _end_of_meta(data: Content) -> int:
    """Return the offset behind the file meta information, which is always explicit little endian."""
    offset = PREAMBLE_BYTES + 4
    while data[offset : offset + 2] == b"\x02\x00" and offset + 12 <= min(len(data), MAX_META_BYTES):
        long = data[offset + 4 : offset + 6] in (b"OB", b"UN")
        (length,) = struct.unpack_from("<I" if long else "<H", data, offset + (8 if long else 6))
        offset += (12 if long else 8) + length
    return offset
