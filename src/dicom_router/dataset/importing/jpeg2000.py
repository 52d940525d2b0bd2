"""JPEG 2000 and HTJ2K codestreams (ITU-T T.800 annex A, T.814) with only the segments that decoding needs.

Packets are copied. Comments, unknown markers, what follows the codestream and a JP2
container around it are left behind, and so are the pointers to tile-parts and packets,
which decoders can do without and which would be wrong once a header is shorter.
"""

import struct
from typing import Final

from dicom_router.dicom.codestreams import JP2_HEADER_BYTES, JPEG2000_START
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

SOC, SOT, SOD, EOC = b"\xff\x4f", b"\xff\x90", b"\xff\x93", b"\xff\xd9"
# SIZ, COD, COC, QCD, QCC, RGN, POC, PPM, PPT, CRG, CAP, CPF, PRF; no COM, no TLM, PLM or PLT.
SEGMENTS: Final = frozenset(
    bytes((0xFF, marker)) for marker in (0x51, 0x52, 0x53, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61, 0x63, 0x50, 0x59, 0x56)
)
SOT_BYTES: Final = 12


def slim_jpeg2000(data: bytes) -> bytes:
    """Return the codestream in ``data`` with only what decoding needs.

    Raises:
        UnreadableImage: it ends early, or is no codestream.
    """
    start = data.find(JPEG2000_START, 0, JP2_HEADER_BYTES)
    if start < 0:
        raise UnreadableImage(Reason.CORRUPT, "the JP2 container holds no codestream")
    header, offset = _slim_header(data, start + len(SOC))
    parts = []
    while data[offset : offset + 2] == SOT:
        part, offset = _slim_tile_part(data, offset)
        parts.append(part)
    if not parts or data[offset : offset + 2] != EOC:
        raise UnreadableImage(Reason.TRUNCATED, "the JPEG 2000 codestream has no end")
    return b"".join([SOC, header, *parts, EOC])


def _slim_header(data: bytes, offset: int) -> tuple[bytes, int]:
    """Return the segments that decoding needs from ``offset`` to the next tile-part or its data, and where that is."""
    kept = []
    while (marker := data[offset : offset + 2]) not in (SOT, SOD):
        if len(data) < offset + 4:
            raise UnreadableImage(Reason.TRUNCATED, "the JPEG 2000 codestream ends inside a header")
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4])
        if marker[0] != 0xFF or end < offset + 4:
            raise UnreadableImage(Reason.CORRUPT, "a header of the JPEG 2000 codestream is no sequence of segments")
        if marker in SEGMENTS:
            kept.append(data[offset:end])
        offset = end
    return b"".join(kept), offset


def _slim_tile_part(data: bytes, start: int) -> tuple[bytes, int]:
    """Return the tile-part at ``start`` with its length put right, and where it ends."""
    if len(data) < start + SOT_BYTES:
        raise UnreadableImage(Reason.TRUNCATED, "the JPEG 2000 codestream ends inside a header")
    (length,) = struct.unpack_from(">I", data, start + 6)
    header, offset = _slim_header(data, start + SOT_BYTES)
    # A length of 0 is the last tile-part's: up to the end of the codestream, a marker that no packet holds.
    end = start + length if length else data.find(EOC, offset)
    if not offset < end <= len(data):
        raise UnreadableImage(Reason.TRUNCATED, "the JPEG 2000 codestream ends inside a tile")
    rest = header + data[offset:end]
    return data[start : start + 6] + struct.pack(">I", SOT_BYTES + len(rest)) + data[
        start + 10 : start + 12
    ] + rest, end
