"""Every entry below a folder, in an order that does not depend on the file system."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dicom_router.reasons import Reason


@dataclass(frozen=True)
class Found:
    """A file, or an entry that cannot be read as one: then ``reason`` says why."""

    path: Path
    reason: Reason | None = None
    detail: str = ""


def walk(folder: Path) -> Iterator[Found]:
    """Yield what lies below ``folder``: folder after folder, each sorted by the bytes of its names.

    Links to files are followed, links to folders are not: they may lead in a circle.
    """
    to_visit = [folder]
    while to_visit:
        folder = to_visit.pop()
        try:
            entries = sorted(folder.iterdir(), key=os.fsencode)
        except OSError as error:
            yield Found(folder, Reason.UNREADABLE, f"the folder cannot be listed: {error.strerror}")
            continue
        folders = []
        for path in entries:
            found = _look(path)
            if found is None:
                folders.append(path)
            else:
                yield found
        to_visit += reversed(folders)


def _look(path: Path) -> Found | None:
    """Say what ``path`` is, None for a folder; nothing is opened, since a pipe would never answer."""
    try:
        kind = path.stat().st_mode
    except OSError as error:
        return Found(path, Reason.UNREADABLE, f"the file cannot be found: {error.strerror}")
    if stat.S_ISDIR(kind) and path.is_symlink():
        return Found(path, Reason.OUTSIDE_SOURCE, "a link to a folder is not followed; import that folder itself")
    if stat.S_ISDIR(kind):
        return None
    return Found(path) if stat.S_ISREG(kind) else Found(path, Reason.UNREADABLE, "neither a file nor a folder")
