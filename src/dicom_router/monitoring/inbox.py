"""What lies in the inbox: files that hospitals dropped there, read and never changed or deleted.

A file counts as written to its end once nothing has touched it for a while, by the time of its last change in the file
system (``st_ctime``): unlike the time of its content, that cannot be set by who copies it.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dicom_router.dataset.naming import NAME, RULE
from dicom_router.errors import DataError
from dicom_router.walking import Found, is_folder, stream

# Names that copying programs give a file, or a folder, until it is whole: rsync, WinSCP, browsers, NFS, ourselves.
PARTIAL_ENDINGS: Final = (
    ".part",
    ".partial",
    ".filepart",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".inprogress",
    "~",
)
PARTIAL: Final = re.compile(r"\..+\.[A-Za-z0-9]{6}|\.nfs[0-9a-f]+|\.~tmp~|\.rsync-partial|\.syncthing\..*")


@dataclass(frozen=True)
class Stamp:
    """What tells a file from what it was: length in bytes and times in nanoseconds; zeros where nobody can say."""

    length: int = 0
    modified: int = 0
    changed: int = 0

    def is_quiet(self, now: float, seconds: float) -> bool:
        """Say whether nothing has touched the file for so many ``seconds``; ``now`` is in seconds since 1970.

        A change in the future shows a clock that was put back: such a file does not wait until that time comes.
        """
        return abs(now - self.changed / 1e9) >= seconds


@dataclass(frozen=True)
class Arrival:
    """A file in the inbox, or an entry that is none: then ``found`` has a reason."""

    site: str
    found: Found
    stamp: Stamp
    partial: bool  # by its name, or that of a folder of its own
    place: str = field(repr=False)  # below the inbox: an original name, and only ever hashed

    @property
    def state(self) -> str:
        """Return what names its content, as far as can be said without reading it."""
        stamp = self.stamp
        return hashlib.sha256(f"{stamp.length}:{stamp.modified}:{stamp.changed}".encode()).hexdigest()


def sites(inbox: Path, asked: str | None = None) -> tuple[str, ...]:
    """Return the sites that have a folder in ``inbox``, or the one that is ``asked`` for.

    Raises:
        DataError: there is no inbox, or no such site in it.
    """
    if asked is not None and NAME.fullmatch(asked) is None:
        raise DataError(f"--site {asked!r}: {RULE}")
    if not is_folder(inbox):
        raise DataError(
            f"the folder {inbox} is missing: make it, with a folder for each site, or name another one in params.yaml"
            " (monitoring.inbox)"
        )
    found = tuple(sorted(entry.name for entry in os.scandir(inbox) if NAME.fullmatch(entry.name) and entry.is_dir()))
    if asked is not None and asked not in found:
        raise DataError(f"the inbox has no folder of site {asked}; there are: {', '.join(found) or 'none'}")
    return found if asked is None else (asked,)


def misplaced(inbox: Path) -> int:
    """Count the files that lie in no site's folder: beside them, or in one whose name is no site's."""
    others = (entry for entry in os.scandir(inbox) if not (NAME.fullmatch(entry.name) and entry.is_dir()))
    return sum(sum(1 for _ in stream(Path(entry.path))) if entry.is_dir() else 1 for entry in others)


def arrivals(inbox: Path, site: str) -> Iterator[Arrival]:
    """Yield what lies below the folder of ``site``, in no particular order: memory does not grow with it."""
    folder = inbox / site
    for found in stream(folder):
        below = found.path.relative_to(folder)
        place = f"{site}/{os.fsencode(below).decode('utf-8', 'backslashreplace')}"
        yield Arrival(site, found, stamp_of(found.path), any(map(is_partial, below.parts)), place)


def is_partial(name: str) -> bool:
    """Say whether a copying program calls so what is not whole yet."""
    return name.lower().endswith(PARTIAL_ENDINGS) or PARTIAL.fullmatch(name) is not None


def stamp_of(path: Path) -> Stamp:
    """Return what is known of the file ``path`` without opening it."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return Stamp()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
