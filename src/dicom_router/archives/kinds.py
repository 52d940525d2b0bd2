"""Which archive a file is, by its first bytes; its name counts for nothing."""

from typing import Final

from dicom_router.dicom.source import has_preamble

START: Final = 512  # bytes that tell

# where, what, which
MARKS: Final = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),  # without entries
    (257, b"ustar", "tar"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"PK\x07\x08", "split ZIP"),
    (0, b"PK00PK", "split ZIP"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"\x5d\0\0", "LZMA"),
    (0, b"MSCF\0\0\0\0", "cabinet"),
)
# The first entry of what is a ZIP file inside and a document or a program to everybody: its pictures are no films.
DOCUMENTS: Final = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"mimetype", b"META-INF/")
FIRST_NAME: Final = 30  # where it starts (APPNOTE 4.3.7)


def archive_kind(start: bytes) -> str:
    """Return what kind of archive begins with ``start``, the first ``START`` bytes of a file, or ""."""
    if has_preamble(start):
        return ""
    kind = next((kind for offset, mark, kind in MARKS if start.startswith(mark, offset)), "")
    return "" if kind == "zip" and start.startswith(DOCUMENTS, FIRST_NAME) else kind
