"""The entries of a ZIP archive (APPNOTE 6.3), by its directory at the end."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Final

from dicom_router.archives.entries import check_mode, check_name, found, place
from dicom_router.archives.limits import Limits, Meter, bomb, check_entry, exceeds
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason
from dicom_router.walking import Found

# What zipfile raises on damaged archives: its own error, those of the decompressors, and those of parsing.
ZIP_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error,
    EOFError, ValueError, IndexError, OverflowError, RuntimeError,  # the last also of methods that it does not know
)  # fmt: skip
# LZMA is not among them: four bytes of it ask for 4 GiB of memory, and hardly anybody writes it.
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
ENTRY: Final = b"PK\x03\x04"  # how an entry starts
BLOCK: Final = 1 << 20  # bytes read at once
ENCRYPTED: Final = 1 << 0 | 1 << 6 | 1 << 13  # general purpose bits: a password, strong encryption, a hidden directory


class _Careful(FileIO):
    """A file that refuses to give more than ``most`` bytes at once: a ZIP's directory is read in one piece."""

    most: int | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as a file does.

        Raises:
            UnreadableImage: too much is asked for.
        """
        if self.most is not None and size is not None and size > self.most:
            raise bomb(f"a directory of {size:,} bytes; at most {self.most:,} are read: split the archive")
        return super().read(size) or b""


def read_zip(path: Path, limits: Limits) -> Iterator[Found]:
    """Yield the entries of the ZIP archive ``path`` but its folders, in the order of its directory.

    Raises:
        UnreadableImage: it is a bomb; what was yielded before counts.
        ZIP_ERRORS: it is damaged.
        OSError: it cannot be read.
    """
    meter, packed = Meter(limits), 0
    with _Careful(path) as file:
        file.most = limits.directory
        archive = zipfile.ZipFile(file)
        file.most = None
        size = path.stat().st_size
        for entry in archive.infolist():
            meter.entry()
            packed += entry.compress_size
            if packed > size:
                raise bomb("entries share their bytes; the rest is not read")
            if entry.is_dir() and not entry.file_size:
                continue
            one = _read(archive, entry, place(path, entry.filename), limits)
            meter.unpacked(len(one.data or b""), packed)
            yield one
        _require_nothing_before(archive, file)


def _require_nothing_before(archive: zipfile.ZipFile, file: FileIO) -> None:
    """Make sure that no other archive lies before this one, whose directory a reader never comes to.

    Raises:
        UnreadableImage: one does.
    """
    first = min((entry.header_offset for entry in archive.infolist()), default=0)
    file.seek(0)
    if first and file.read(len(ENTRY)) == ENTRY:
        detail = "another ZIP lies before its first entry, and was not read; take them apart, or take a folder"
        raise UnreadableImage(Reason.ARCHIVE_DAMAGED, detail)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, limits: Limits) -> Found:
    """Read one entry, or say why not."""
    try:
        _check(entry, limits)
        with archive.open(entry) as file:
            data = b"".join(iter(partial(file.read, BLOCK), b""))
        return found(path, data)
    except UnreadableImage as error:
        return Found(path, error.reason, error.detail)
    except (*ZIP_ERRORS, OSError) as error:
        if getattr(error, "errno", None) is not None:  # the disk's, and not a decompressor's
            raise
        return Found(path, Reason.ARCHIVE_DAMAGED, "the entry is damaged; others of the archive were read")


def _check(entry: zipfile.ZipInfo, limits: Limits) -> None:
    """Accept what the directory says about an entry; no more bytes than it says are unpacked.

    Raises:
        UnreadableImage: it may not be read.
    """
    check_name(entry.orig_filename)
    check_mode(entry.external_attr >> 16)
    if entry.flag_bits & ENCRYPTED:
        raise UnreadableImage(Reason.ARCHIVE_ENCRYPTED)
    if entry.compress_type not in METHODS:
        detail = f"compressed by method {entry.compress_type}, which is not read; unpack it and take the folder"
        raise UnreadableImage(Reason.ARCHIVE_UNSUPPORTED, detail)
    check_entry(entry.file_size, limits)
    if exceeds(entry.file_size, entry.compress_size, limits):
        raise bomb(f"an entry that unpacks to more than {limits.ratio} times its size")
