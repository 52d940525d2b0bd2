"""Where DVC keeps copies: its cache, its notes about files, its remotes."""

import json
import os
import re
from pathlib import Path
from typing import Any, Final

from dicom_router.dataset.programs import output
from dicom_router.errors import DataError

NOTES: Final = "Repo.site_cache_dir: "  # a line of `dvc doctor`
REMOTE: Final = re.compile(r"remote\.(.+)\.url=")  # a line of `dvc config --list`
IMAGES: Final = "images/"


def cache_folder(root: Path) -> Path:
    """Return the folder of DVC's cache."""
    return Path(output(root, "dvc", "cache", "dir"))


def is_shared(root: Path, cache: Path) -> bool:
    """Say whether other projects may keep their data in ``cache`` too: it lies outside this one."""
    return (root / ".dvc").resolve() not in cache.resolve().parents


def remotes(root: Path) -> tuple[str, ...]:
    """Return the names of the remotes."""
    settings = output(root, "dvc", "config", "--list").splitlines()
    return tuple(sorted({found[1] for line in settings if (found := REMOTE.match(line))}))


def notes_folder(root: Path) -> Path | None:
    """Return the folder outside the project in which DVC notes names and hashes of files."""
    lines = output(root, "dvc", "doctor").splitlines()
    found = [line.removeprefix(NOTES).strip() for line in lines if line.startswith(NOTES)]
    return Path(found[0]) if found else None


def films_in(cache: Path) -> set[str]:
    """Return the paths of the films of all versions of datasets whose listing is in ``cache``."""
    listings = (_entries(path) for path in (cache / "files/md5").glob("*/*.dir"))
    names = (str(entry["relpath"]) for entries in listings for entry in entries)
    return {name for name in names if name.startswith(IMAGES)}


def _entries(listing: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(listing.read_bytes())
    return entries


def require_idle(root: Path) -> None:
    """Refuse while a pipeline runs here: it would write what is being removed.

    Raises:
        DataError: DVC's list of who reads and writes names a living process.
    """
    if any(_alive(pid) for pid in _holders(root / ".dvc/tmp/rwlock")):
        raise DataError("a `dvc` command is running in this project; wait for its end, then run this again")


def _holders(path: Path) -> list[int]:
    """Return the processes in DVC's list of locks; none where there is no list, or one that is being written."""
    try:
        locks = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    readers = [of for each in locks.get("read", {}).values() for of in each]
    return [int(of["pid"]) for of in (*locks.get("write", {}).values(), *readers) if of]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
