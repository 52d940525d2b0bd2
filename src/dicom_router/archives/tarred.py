"""The entries of a tar archive (POSIX.1-2001 pax, GNU), plain or compressed, read once from start to end."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, cast

from dicom_router.archives.entries import LINK, check_name, found, place
from dicom_router.archives.kinds import archive_kind
from dicom_router.archives.limits import LIMITS, Limits, Meter, bomb, check_entry
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason
from dicom_router.walking import Found

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK: Final = 1 << 20  # bytes read at once
# What tarfile and the decompressors raise on damaged archives; an OSError without a number is one of these too.
TAR_ERRORS: Final = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError, OverflowError)
EXTENSIONS: Final = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
)  # fmt: skip
END: Final = bytes(tarfile.BLOCKSIZE)


class _Header(tarfile.TarInfo):
    """A header that is refused where tarfile would go on in silence, or take memory for what no film needs."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header.

        Raises:
            UnreadableImage: it is damaged, missing, or announces an extension that is too large.
            tarfile.HeaderError: it is the block that ends the archive.
        """
        if buf == END:
            return super().frombuf(buf, encoding, errors)
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError:
            raise UnreadableImage(Reason.ARCHIVE_DAMAGED) from None
        if header.size < 0:
            raise UnreadableImage(Reason.ARCHIVE_DAMAGED)
        if header.type in EXTENSIONS and header.size > LIMITS.extension:
            raise bomb(f"a header of {header.size:,} bytes; the rest is not read")
        return header


class _Metered(RawIOBase):
    """What a decompressor gives, counted."""

    def __init__(self, unpacked: BufferedIOBase, packed: BufferedReader, meter: Meter) -> None:
        self._unpacked, self._packed, self._meter = unpacked, packed, meter

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer`` as far as one step goes.

        Raises:
            UnreadableImage: the archive is a bomb.
        """
        view = memoryview(buffer)
        data = self._unpacked.read(len(view))
        self._meter.unpacked(len(data), self._packed.tell())
        view[: len(data)] = data
        return len(data)


class _Decompressed(RawIOBase):
    """A compressed file of one stream or several, read through a decompressor that is made anew for each."""

    def __init__(self, packed: BufferedReader, make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]) -> None:
        self._packed, self._make, self._decompressor = packed, make, make()

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer`` as far as one step goes.

        Raises:
            EOFError: the file ends inside a stream.
        """
        view = memoryview(buffer)
        while True:
            data = b""
            if self._decompressor.eof:
                data = self._decompressor.unused_data or self._packed.read(BLOCK)
                if not data.strip(b"\0"):  # padding
                    return 0
                self._decompressor = self._make()
            elif self._decompressor.needs_input:
                data = self._packed.read(BLOCK)
                if not data:
                    raise EOFError
            unpacked = self._decompressor.decompress(data, len(view))
            if unpacked:
                view[: len(unpacked)] = unpacked
                return len(unpacked)


def _plain(file: BufferedReader, limits: Limits) -> BufferedIOBase:
    return file


def _gzip(file: BufferedReader, limits: Limits) -> BufferedIOBase:
    return gzip.GzipFile(fileobj=file)


def _bzip2(file: BufferedReader, limits: Limits) -> BufferedIOBase:
    return BufferedReader(_Decompressed(file, bz2.BZ2Decompressor), BLOCK)


def _xz(file: BufferedReader, limits: Limits) -> BufferedIOBase:
    return BufferedReader(_Decompressed(file, lambda: lzma.LZMADecompressor(memlimit=limits.dictionary)), BLOCK)


def _zstd(file: BufferedReader, limits: Limits) -> BufferedIOBase:
    try:
        import pyarrow as pa  # takes long to import; windows beyond 128 MiB are refused by zstd itself
    except ModuleNotFoundError:
        detail = "zstd needs pyarrow: pip install '.[parquet]', or unpack it and take the folder"
        raise UnreadableImage(Reason.ARCHIVE_UNSUPPORTED, detail) from None
    return cast(BufferedIOBase, pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))


DECOMPRESSORS: Final[dict[str, Callable[[BufferedReader, Limits], BufferedIOBase]]] = {
    "tar": _plain,
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstd": _zstd,
}


def read_tar(path: Path, kind: str, limits: Limits) -> Iterator[Found]:
    """Yield the entries of the tar archive ``path``, packed as ``kind`` says, but its folders, in their order.

    Raises:
        UnreadableImage: it is a bomb, damaged, or holds no tar; what was yielded before counts.
        TAR_ERRORS: it is damaged.
        OSError: it cannot be read; without a number, it is damaged.
    """
    meter = Meter(limits)
    with path.open("rb") as file, DECOMPRESSORS[kind](file, limits) as unpacked:
        metered: BufferedReader = BufferedReader(_Metered(unpacked, file, meter), BLOCK)
        _check_tar(metered, kind)
        with tarfile.open(fileobj=metered, mode="r|", bufsize=BLOCK, tarinfo=_Header) as archive:
            while (entry := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
                meter.entry()
                if not entry.isdir():
                    yield _read(archive, entry, place(path, entry.name), limits)
            _check_rest(archive)


def _check_tar(unpacked: BufferedReader, kind: str) -> None:
    """Accept what starts like a tar archive, or is an empty one.

    Raises:
        UnreadableImage: it is something else.
    """
    start = unpacked.peek(tarfile.BLOCKSIZE)[: tarfile.BLOCKSIZE]
    if archive_kind(start) != "tar" and start != END:
        raise UnreadableImage(Reason.ARCHIVE_UNSUPPORTED, f"{kind} of something that is no tar archive")


def _check_rest(archive: tarfile.TarFile) -> None:
    """Accept zeros behind the end of the archive; with tars that were joined the next one follows there.

    Raises:
        UnreadableImage: something else follows.
        TAR_ERRORS: it is damaged.
    """
    assert archive.fileobj is not None
    while block := archive.fileobj.read(BLOCK):
        if block.strip(b"\0"):
            raise UnreadableImage(Reason.ARCHIVE_DAMAGED, "more follows its end; unpack it and take the folder")


def _read(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path, limits: Limits) -> Found:
    """Read one entry, or say why not.

    Raises:
        TAR_ERRORS: the archive ends inside it.
    """
    try:
        _check(entry, limits)
    except UnreadableImage as error:
        return Found(path, error.reason, error.detail)
    file = archive.extractfile(entry)
    assert file is not None  # of a regular file there is one
    return found(path, file.read())


def _check(entry: tarfile.TarInfo, limits: Limits) -> None:
    """Accept a regular file with a name and a size that a film may have.

    Raises:
        UnreadableImage: it is something else.
    """
    check_name(entry.name)
    if entry.issym() or entry.islnk():
        raise UnreadableImage(Reason.OUTSIDE_SOURCE, LINK)
    if not entry.isreg():
        raise UnreadableImage(Reason.UNREADABLE, "neither a file nor a folder")
    if entry.issparse():
        raise UnreadableImage(Reason.ARCHIVE_UNSUPPORTED, "a sparse file; unpack it and take the folder")
    check_entry(entry.size, limits)
