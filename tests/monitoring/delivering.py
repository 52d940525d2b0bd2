"""What hospitals deliver in tests, and runs over it."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from model.films import write_film

from dicom_router.labels import CLASSES
from dicom_router.monitoring.account import Account
from dicom_router.monitoring.rescoring import Request, rescore

KEY = "a key for tests that is long enough"
SITE = "north"
SIDE = 32
HOUR = timedelta(hours=1)


def asked(folder: Path, usual: Path, **changes: Any) -> Request:
    """Return a request for all that lies in ``folder / "inbox"``, with the log beside it."""
    request = Request(
        inbox=folder / "inbox",
        data=folder / "data",
        log=f"sqlite:///{folder}/log.sqlite",
        key=KEY,
        model=str(usual),
        site=None,
        since=None,
        until=None,
        timezone="UTC",
        days=30,
        quiet_seconds=60,
        jobs=0,
        timeout=60,
    )
    return replace(request, **changes)


def run(request: Request, later: timedelta = HOUR) -> Account:
    """Run so much later than now: by then nothing is being written."""
    return rescore(request, now=datetime.now(UTC) + later)


def deliver(path: Path, number: int, label: int | None = None, synthetic: bool = True, **attributes: Any) -> Path:
    """Write film ``number``, which shows the class of its number unless another is named."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[0, number % len(CLASSES) if label is None else label] = 200
    pixels[-1] = [255 * (number >> bit & 1) for bit in range(SIDE)]
    path.parent.mkdir(parents=True, exist_ok=True)
    usual = {
        "SOPInstanceUID": f"1.2.3.{number}",
        "StudyInstanceUID": f"1.2.{number // 2}",
        "PatientID": f"P{number // 2}",
    }
    return write_film(path, pixels, synthetic, **{**usual, **attributes})


def deliver_many(inbox: Path, count: int, site: str = SITE, first: int = 0) -> list[Path]:
    """Deliver so many films, of all classes in turn."""
    return [deliver(inbox / site / f"{n:03d}.dcm", n) for n in range(first, first + count)]


def rows(folder: Path, columns: str = "*", table: str = "predictions") -> list[tuple[Any, ...]]:
    """Return what the log holds, sorted."""
    connection = sqlite3.connect(folder / "log.sqlite")
    found = connection.execute(f"SELECT {columns} FROM {table}").fetchall()
    connection.close()
    return sorted(found, key=repr)


def adds_up(account: Account) -> bool:
    """Say whether every film that was seen has one fate."""
    return account.seen == account.scored + account.refused + account.waiting + account.known
