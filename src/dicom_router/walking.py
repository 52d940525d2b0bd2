"""Every entry below a folder: in an order that does not depend on the file system, or as it comes."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Union

from dicom_router.reasons import Reason

UNNAMED: Final = "<bytes>"
Source = Union[Path, str, bytes, BinaryIO, "Found"]


@dataclass(frozen=True)
class Found:
    """A file, or an entry that cannot be read as one: then ``reason`` says why.

    What lies in an archive has its bytes in ``data``, and a path that takes the archive for a folder.
    """

    path: Path
    reason: Reason | None = None
    detail: str = ""
    data: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, source: Source) -> "Found":
        """Return a path, bytes or an open binary file as found; a file is read whole."""
        if isinstance(source, Found):
            return source
        if isinstance(source, (str, Path)):
            return cls(Path(source))
        if isinstance(source, bytes):
            return cls(Path(UNNAMED), data=source)
        return cls(Path(str(getattr(source, "name", UNNAMED))), data=source.read())


def walk(folder: Path) -> Iterator[Found]:
    """Yield what lies below ``folder``: folder after folder, each sorted by the bytes of its names.

    Links to files are followed, links to folders are not: they may lead in a circle.
    """
    return _below(folder, in_order=True)


def stream(source: Path) -> Iterator[Found]:
    """Yield what ``walk`` does, in whatever order the file system gives; a file is itself what is found.

    Memory does not grow with the number of entries, neither of files nor of folders.
    """
    return _below(source, in_order=False) if is_folder(source) else iter((look_at(source) or Found(source),))


def _below(folder: Path, in_order: bool) -> Iterator[Found]:
    """Go down into each folder as it is met: the folders under way are one path, however many there are."""
    under_way = [(folder, _entries(folder, in_order))]
    while under_way:
        folder, entries = under_way[-1]
        try:
            entry = next(entries, None)
        except OSError as error:
            yield Found(folder, Reason.UNREADABLE, f"the folder cannot be listed: {error.strerror}")
            entry = None
        if entry is None:
            under_way.pop()
            continue
        found = _look(entry)
        if found is not None:
            yield found
        else:
            under_way.append((Path(entry.path), _entries(Path(entry.path), in_order)))


def _entries(folder: Path, in_order: bool) -> Iterator[os.DirEntry[str]]:
    """List a folder: as it comes, or its files by name and then its folders."""
    with os.scandir(folder) as entries:
        if in_order:
            yield from sorted(entries, key=lambda entry: (_look(entry) is None, os.fsencode(entry.name)))
        else:
            yield from entries


def _look(entry: os.DirEntry[str]) -> Found | None:
    """Say what an entry is, None for a folder, by what the folder itself knows of files and folders."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return None
        if entry.is_file(follow_symlinks=False):
            return Found(Path(entry.path))
    except OSError as error:
        return Found(Path(entry.path), Reason.UNREADABLE, f"the file cannot be looked at: {error.strerror}")
    return look_at(Path(entry.path))


def is_folder(path: Path) -> bool:
    """Say whether ``path`` is a folder or a link to one; what cannot be looked at is none."""
    return os.path.isdir(path)  # noqa: PTH112  (Path.is_dir raises on overlong names and lost mounts before Python 3.14)


def as_text(path: Path | str) -> str:
    """Return a path, or a name, as text; bytes that are none become a mark."""
    return os.fsencode(path).decode("utf-8", "replace")


def look_at(path: Path) -> Found | None:
    """Say what ``path`` is, None for a folder; nothing is opened, since a pipe would never answer."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return Found(path, Reason.MISSING_FILE, "there is no such file")
    except OSError as error:
        return Found(path, Reason.UNREADABLE, f"the file cannot be looked at: {error.strerror}")
    except ValueError:
        return Found(path, Reason.UNREADABLE, "no file has such a name: it holds a NUL character")
    if stat.S_ISDIR(kind) and path.is_symlink():
        return Found(path, Reason.OUTSIDE_SOURCE, "a link to a folder is not followed; name that folder itself")
    if stat.S_ISDIR(kind):
        return None
    return Found(path) if stat.S_ISREG(kind) else Found(path, Reason.UNREADABLE, "neither a file nor a folder")
