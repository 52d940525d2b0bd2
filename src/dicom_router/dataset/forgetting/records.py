"""The private records of an import: the ledger's rows of the films, and the lists of refusals."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from dicom_router.dataset.forgetting.targets import Target
from dicom_router.errors import DataError

LEDGER: Final = Path("private/ledger.sqlite")
REFUSALS: Final = ("private/refused-*.csv", "work/import/refused-*.csv")
WHOSE: Final = "FROM films WHERE image = ? OR (patient <> '' AND patient = ?)"


def refusal_lists(root: Path) -> list[Path]:
    """Return every list of refusals; they hold original paths, and nothing tells whose."""
    return sorted(path for pattern in REFUSALS for path in root.glob(pattern))


def count_in_ledger(root: Path, target: Target) -> int:
    """Count the rows of the films in the ledger."""
    if not (root / LEDGER).is_file():
        return 0
    with closing(sqlite3.connect(f"file:{root / LEDGER}?mode=ro", uri=True)) as ledger:
        found = {row for each in _parameters(target) for row in ledger.execute(f"SELECT source, image {WHOSE}", each)}
    return len(found)


def delete_from_ledger(root: Path, target: Target) -> None:
    """Delete these rows, and overwrite where they stood.

    Raises:
        DataError: an import holds the ledger.
    """
    if not (root / LEDGER).is_file():
        return
    with closing(sqlite3.connect(root / LEDGER, isolation_level=None, timeout=0)) as ledger:
        ledger.execute("PRAGMA secure_delete = ON")
        try:
            ledger.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            raise DataError("an import is under way; wait for its end, then run this again") from None
        ledger.executemany(f"DELETE {WHOSE}", _parameters(target))
        ledger.execute("COMMIT")


def _parameters(target: Target) -> list[tuple[str, str]]:
    return [(image, target.patient) for image in target.images] or [("", target.patient)]
