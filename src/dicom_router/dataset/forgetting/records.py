"""The private records of an import: the ledger's rows of the films, and the lists of refusals."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from dicom_router.dataset.forgetting.targets import Target
from dicom_router.dataset.importing import ledger
from dicom_router.errors import DataError

LEDGER: Final = Path(ledger.PRIVATE, ledger.LEDGER)
# A killed import leaves its scratch file until the next one.
REFUSALS: Final = (
    f"{ledger.PRIVATE}/refused-*.csv",
    f"{ledger.PRIVATE}/{ledger.SCRATCH}*",
    "work/import/refused-*.csv",
)
WHOSE: Final = "FROM films WHERE image = ? OR (patient <> '' AND patient = ?)"
BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def refusal_lists(root: Path) -> list[Path]:
    """Return every list of refusals, whole or growing; they hold original paths, and nothing tells whose."""
    return sorted(path for pattern in REFUSALS for path in root.glob(pattern))


def count_in_ledger(root: Path, target: Target) -> int:
    """Count the rows of the films in the ledger.

    Raises:
        DataError: an import holds the ledger, or it is damaged.
    """
    with _films(root) as films:
        if films is None:
            return 0
        query = f"SELECT source, image {WHOSE}"
        return len({row for each in _parameters(target) for row in films.execute(query, each)})


@contextmanager
def without_films(root: Path, target: Target) -> Iterator[None]:
    """Keep imports from starting, and delete these rows when all else is done; overwrite where they stood.

    Raises:
        DataError: an import holds the ledger, or it is damaged.
    """
    with _films(root) as films:
        if films is None:
            yield
            return
        films.execute("PRAGMA secure_delete = ON")
        films.execute("BEGIN IMMEDIATE")
        yield
        films.executemany(f"DELETE {WHOSE}", _parameters(target))
        films.execute("COMMIT")


@contextmanager
def _films(root: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the ledger, None where no film was ever noted in one."""
    if not (root / LEDGER).is_file():
        yield None
        return
    with closing(sqlite3.connect(root / LEDGER, isolation_level=None, timeout=1)) as films:
        try:
            tables = {name for (name,) in films.execute("SELECT name FROM sqlite_master")}
            yield films if "films" in tables else None
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in BUSY:
                raise DataError("an import is under way; wait for its end, then run this again") from None
            raise DataError(
                f"{LEDGER} cannot be used ({error}): delete it where it is damaged, then run this again"
            ) from None


def _parameters(target: Target) -> list[tuple[str, str]]:
    return [(image, target.patient) for image in target.images] or [("", target.patient)]
