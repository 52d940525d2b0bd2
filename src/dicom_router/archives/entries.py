"""What holds for an entry of any archive: where it lies, what it may be named, what it may hold."""

import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from dicom_router.archives.kinds import START, archive_kind
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason
from dicom_router.walking import Found

LINK: Final = "a link in an archive is not followed"


def place(archive: Path, name: str) -> Path:
    """Return the path of an entry, as if ``archive`` were a folder; for lists and labels, never to be opened."""
    return Path(f"{archive}/{name}".replace("\0", "\\0"))


def check_name(name: str) -> None:
    """Accept a name that leads to a place below the archive.

    Raises:
        UnreadableImage: it is absolute, goes up, or holds what no name has.
    """
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.anchor or ".." in windows.parts or "\0" in name or not posix.parts:
        raise UnreadableImage(Reason.OUTSIDE_SOURCE, "the entry's name leads out of the archive")


def check_mode(mode: int) -> None:
    """Accept a regular file, or what does not say what it is.

    Raises:
        UnreadableImage: it is a link, a device, a pipe or a socket.
    """
    if stat.S_ISLNK(mode):
        raise UnreadableImage(Reason.OUTSIDE_SOURCE, LINK)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnreadableImage(Reason.UNREADABLE, "neither a file nor a folder")


def found(path: Path, data: bytes) -> Found:
    """Return an entry that was read, refused where it is an archive itself."""
    if archive_kind(data[:START]):
        return Found(path, Reason.ARCHIVE_NESTED, Reason.ARCHIVE_NESTED.meaning)
    return Found(path, data=data)
