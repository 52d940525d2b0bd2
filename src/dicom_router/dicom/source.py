"""The bytes of one file, and what they are by content; a file's name counts for nothing."""

import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final, Literal, TypeVar

from dicom_router.dicom.limits import MAX_FILE_BYTES
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

Content = bytes | mmap
FileFormat = Literal["dicom", "png", "jpeg"]
T = TypeVar("T", bytes, Content)
MAPPED_FROM: Final = 1 << 20  # bytes; a smaller file is read sooner than mapped

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE: Final = b"\xff\xd8\xff"
PREAMBLE_BYTES: Final = 128

# A data set without preamble starts with a group of the command, the file meta information or the identification.
FIRST_GROUPS: Final = (0x0000, 0x0002, 0x0008)
FIRST_ELEMENTS: Final = 0x0100
LONG_REPRESENTATIONS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
VALUE_REPRESENTATIONS: Final = LONG_REPRESENTATIONS | frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)


def load(path: Path) -> bytes:
    """Return the content of the regular file ``path``.

    Raises:
        UnreadableImage: the file is missing, empty, too large, no file, or may not be read.
    """
    return _checked(path, Path.read_bytes)


def view(path: Path) -> Content:
    """Return the content of the regular file ``path``, mapped into memory if it is large.

    Raises:
        UnreadableImage: as for ``load``.
    """
    return _checked(path, _map)


def content_of(source: Path | Content) -> Content:
    """Return the content of a file, or of what was read already.

    Raises:
        UnreadableImage: there is none, too much of it, or a file cannot be read, as for ``load``.
    """
    if isinstance(source, Path):
        return view(source)
    _check_length(len(source))
    return source


def _checked(path: Path, get: Callable[[Path], T]) -> T:
    """Return what ``get`` returns for a file that may be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImage(Reason.UNREADABLE, "not a regular file")
        _check_length(status.st_size or 1)  # of some regular files, such as those of /proc, nobody says the length
        data = get(path)
    except FileNotFoundError:
        raise UnreadableImage(Reason.MISSING_FILE, "there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UnreadableImage(Reason.UNREADABLE, getattr(error, "strerror", "") or "") from None
    _check_length(len(data))
    return data


def _check_length(length: int) -> None:
    """Accept as many bytes as a film may have.

    Raises:
        UnreadableImage: there is none, or there are too many.
    """
    if not length:
        raise UnreadableImage(Reason.EMPTY)
    if length > MAX_FILE_BYTES:
        raise UnreadableImage(Reason.TOO_LARGE, f"the file has {length} bytes; at most {MAX_FILE_BYTES}")


def _map(path: Path) -> Content:
    """Map the file, or read it where it is small or its file system cannot map it."""
    with path.open("rb") as file:
        if path.stat().st_size >= MAPPED_FROM:
            with suppress(OSError):
                return mmap(file.fileno(), 0, access=ACCESS_READ)
        return file.read()


def file_format(data: Content) -> FileFormat:
    """Tell what ``data`` is by its first bytes.

    Raises:
        UnreadableImage: it is none of DICOM, PNG and JPEG.
    """
    if data[: len(PNG_SIGNATURE)] == PNG_SIGNATURE:
        return "png"
    if has_preamble(data) or looks_like_bare_dataset(data):
        return "dicom"
    if data[: len(JPEG_SIGNATURE)] == JPEG_SIGNATURE:
        return "jpeg"
    raise UnreadableImage(Reason.NOT_DICOM)


def has_preamble(data: Content) -> bool:
    """Tell whether ``data`` is a DICOM file as PS3.10 has it."""
    return data[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == b"DICM"


def looks_like_bare_dataset(data: Content) -> bool:
    """Tell whether ``data`` starts with two data elements in ascending order, as a file without preamble does."""
    elements = _first_elements(data)
    first, second = next(elements, None), next(elements, None)
    if first is None or second is None or first >= second:
        return False
    return first[0] in FIRST_GROUPS and first[1] < FIRST_ELEMENTS


def _first_elements(data: Content) -> Iterator[tuple[int, int]]:
    """Yield (group, element) of leading data elements whose value stays within ``data``."""
    order = "<" if struct.unpack_from("<H", data[:2].ljust(2))[0] in FIRST_GROUPS else ">"
    offset = 0
    while offset + 12 <= len(data):
        group, element, representation, length = struct.unpack_from(f"{order}HH2sH", data, offset)
        offset += 8
        if representation in LONG_REPRESENTATIONS:
            (length,) = struct.unpack_from(f"{order}I", data, offset)
            offset += 4
        elif representation not in VALUE_REPRESENTATIONS:
            (length,) = struct.unpack_from(f"{order}I", data, offset - 4)
        offset += length
        if offset > len(data):
            return
        yield group, element
