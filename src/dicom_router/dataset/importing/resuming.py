"""What an import that was killed leaves behind, and how the next one goes on with it or clears it away.

While an import is under way the ledger says so. Found there by a later import, it tells that half-written files
may lie in the dataset, and films that no row names. The same import goes on with those films; another one, or the
same after the machine went down, when files may be whole by name alone, removes them first.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dicom_router import __version__
from dicom_router.dataset.importing.ledger import Ledger, Unfinished
from dicom_router.dataset.importing.taking import IMAGES
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dataset.pseudonyms import fingerprint as fingerprint_of_key
from dicom_router.dataset.table import LABELS, ORIGIN
from dicom_router.storage import PARTIAL
from dicom_router.walking import stream

if TYPE_CHECKING:
    from dicom_router.dataset.importing.films import Request

BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
WITHOUT_EFFECT: Final = ("jobs", "refused", "dry_run", "labelling")  # on what is stored; labels have their own line
STORED: Final = re.compile(r"[0-9a-f]{20}\.(dcm|png|jpg)")  # what an import names a film; nothing else is removed
CLOCKS: Final = 3600.0  # seconds by which the clock of a file server may differ


def fingerprint(request: "Request", pseudonyms: Pseudonyms) -> str:
    """Return a digest that two imports share if films stored by one are good for the other."""
    table = request.label_table
    labels = repr(request.labelling) if is_dataclass(request.labelling) else ""
    values = [getattr(request, field.name) for field in fields(request) if field.name not in WITHOUT_EFFECT]
    digest = hashlib.sha256(table.read_bytes() if table else b"")
    boot = BOOT.read_text() if BOOT.exists() else ""
    digest.update(repr((values, labels, __version__, boot, pseudonyms, fingerprint_of_key(pseudonyms.key))).encode())
    return digest.hexdigest()


def begin(ledger: Ledger, data: Path, request: str, is_listed: Callable[[str], bool]) -> float | None:
    """Clear up after an import that was killed, and note that this one starts.

    Returns when the import that this one continues was started, None where there is none.
    """
    before = ledger.unfinished(data.name)
    if before is not None:
        _remove_partial_files(data)
        if before.request != request:
            _remove_unlisted_films(data, is_listed, before.started)
            before = None
    ledger.start(data.name, before or Unfinished(request, time.time()))
    ledger.save()
    return before.started if before else None


def end(ledger: Ledger, data: Path, resumed: float | None, is_listed: Callable[[str], bool]) -> None:
    """Note that the import is over, and remove what the one that it continued stored and this one did not find."""
    if resumed is not None:
        _remove_unlisted_films(data, is_listed, resumed)
    ledger.finish(data.name)
    ledger.commit()


def _remove_partial_files(data: Path) -> None:
    """Remove what was half written."""
    for path in _files(data):
        if path.name.startswith(".") and path.name.endswith(PARTIAL):
            path.unlink(missing_ok=True)


def _remove_unlisted_films(data: Path, is_listed: Callable[[str], bool], since: float) -> None:
    """Remove the films stored after ``since`` (seconds since 1970) whose image no row of ``labels.csv`` names."""
    for path in _files(data):
        stored = STORED.fullmatch(path.name) is not None and path.parent.name == path.name[:2]
        if stored and not is_listed(path.stem) and path.stat().st_mtime >= since - CLOCKS:
            path.unlink()


def _files(data: Path) -> Iterator[Path]:
    """Yield the files of the dataset's images, and what is half written beside its tables."""
    yield from (path for name in (LABELS, ORIGIN) for path in data.glob(f".{name}.*{PARTIAL}"))
    if (data / IMAGES).is_dir():
        yield from (found.path for found in stream(data / IMAGES) if found.reason is None)
