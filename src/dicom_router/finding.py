"""Every film that a user names: files, what lies below folders and in archives, and lists on standard input."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from dicom_router.archives.reading import entries, kind_of_file
from dicom_router.storage import becomes
from dicom_router.walking import Found, is_folder, look_at, walk

INSIDE: Final = "!/"  # between an archive and what lies in it: export.zip!/inner/film.dcm
BLOCK: Final = 1 << 16  # bytes of a list read at once


def find(paths: Iterable[Path | str], outputs: Iterable[Path] = ()) -> Iterator[Found]:
    """Yield files as named, and every entry below a folder and in an archive; what cannot be read comes with a reason.

    A folder's entries are sorted, files first; an archive's stand as it holds them, and are read one by one.
    Archives below a folder are read too, those in archives are not (``archive_nested``). ``outputs`` are files that the
    caller writes, perhaps below one of ``paths``: they are no film, neither from the last time nor half written.
    """
    written = {_place_of(path) for path in outputs}
    names = {path.name for path in written}
    for path in map(Path, paths):
        for found in walk(path) if is_folder(path) else (look_at(path) or Found(path),):
            file = becomes(found.path)
            if found.reason or file.name not in names or _place_of(file) not in written:
                yield from _inside(found)


def find_again(paths: Iterable[Path]) -> Iterator[Found]:
    """Yield what ``find`` found at ``paths``, each archive that holds some being gone through once, in any order."""
    wanted = dict.fromkeys(paths)
    for outer in dict.fromkeys(map(_outermost, wanted)):
        yield from (found for found in find([outer]) if found.path in wanted)


def listed(file: BinaryIO, separator: bytes = b"\n") -> Iterator[Path]:
    """Yield the paths that ``file`` lists as they come: one a line, or with a NUL after each as of ``find -print0``."""
    rest = b""
    while block := _read(file):
        *whole, rest = (rest + block).split(separator)
        yield from (_path(name, separator) for name in whole if name.strip())
    if rest.strip():
        yield _path(rest, separator)


def _inside(found: Found) -> Iterator[Found]:
    """Yield what an archive holds, or a file itself."""
    kind = "" if found.reason else kind_of_file(found.path)
    if not kind:
        yield found
        return
    for entry in entries(found.path, kind):
        yield Found(_place(found.path, entry.path), entry.reason, entry.detail, entry.data)


def _place_of(path: Path) -> Path:
    """Return where ``path`` lies, whatever links and points lead there; a link is itself."""
    return path.parent.resolve() / path.name


def _outermost(path: Path) -> Path:
    """Return the archive that holds ``path``, or ``path`` itself: a folder's name may end as ``INSIDE`` begins."""
    text = str(path)
    ends = [len(text), *(place for place in range(len(text), 0, -1) if text.startswith(INSIDE, place))]
    return next((Path(text[:end]) for end in ends if os.path.isfile(text[:end])), path)  # noqa: PTH113  (see is_folder)


def _place(archive: Path, entry: Path) -> Path:
    """Return the name of an entry, which tells where the archive ends; that of the archive itself stays."""
    return archive if entry == archive else Path(f"{archive}{INSIDE}{entry.relative_to(archive)}")


def _read(file: BinaryIO) -> bytes:
    """Read what is there, without waiting for a block to fill up."""
    read_some = getattr(file, "read1", file.read)
    return bytes(read_some(BLOCK))


def _path(name: bytes, separator: bytes) -> Path:
    return Path(os.fsdecode(name.removesuffix(b"\r") if separator == b"\n" else name))
