"""The private ledger: which original file became which image, of whom. The one place that leads back from a pseudonym.

It lies in ``private/`` beside the dataset, outside git and DVC, and names no patient: who has it and the original
files finds the film behind a pseudonym. Deleted rows are overwritten in the file.
"""

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from dicom_router.errors import DataError

PRIVATE: Final = "private"
LEDGER: Final = "ledger.sqlite"
IGNORED: Final = ".gitignore"
SCRATCH: Final = "arriving.sqlite"  # beside the ledger, as long as an import takes

SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS films (
        source TEXT NOT NULL,   -- original path, or path of the archive and the entry; what is no UTF-8 is escaped
        image TEXT NOT NULL,    -- the name under which it is stored, without suffix
        patient TEXT NOT NULL,  -- pseudonyms, '' where unknown
        study TEXT NOT NULL,
        PRIMARY KEY (source, image)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS films_by_patient ON films (patient)",
    """CREATE TABLE IF NOT EXISTS unfinished (
        data TEXT PRIMARY KEY,  -- name of the dataset's folder
        request TEXT NOT NULL,  -- tells one import from another
        started REAL NOT NULL   -- seconds since 1970
    )""",
)


class Unfinished(NamedTuple):
    """An import that did not come to its end."""

    request: str
    started: float


def private_folder(data: Path) -> Path:
    """Return the folder for what may not leave the hospital, beside the dataset ``data``."""
    return data.parent / PRIVATE


def make_private(folder: Path) -> None:
    """Make ``folder`` for its owner only, and have git ignore it wherever it lies."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / IGNORED).write_text("*\n", encoding="utf-8")


class Ledger:
    """The ledger in the file ``path``, made where there is none. What is added counts once ``commit`` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        make_private(path.parent)
        path.touch(mode=0o600)
        with ExitStack() as stack:  # closed where the file is none of SQLite's
            self._connection = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None, timeout=0)))
            for pragma in ("secure_delete = ON", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            stack.pop_all()

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ledger."""
        self.close()

    def hold(self) -> None:
        """Keep others from writing to the ledger, and from importing, until ``commit`` or ``close``.

        Raises:
            DataError: another import holds it.
        """
        try:
            for statement in (*SCHEMA, "BEGIN IMMEDIATE"):
                self._connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            raise DataError(
                f"another import is under way beside {self._path.parent}; wait for its end and run this one again"
            ) from None

    def commit(self) -> None:
        """Make everything since ``hold`` count, now and after a power cut."""
        self._connection.execute("COMMIT")

    def save(self) -> None:
        """Commit, and hold on.

        Raises:
            DataError: another import took hold in between.
        """
        self.commit()
        self.hold()

    def close(self) -> None:
        """Give up what was not committed, and close the file."""
        self._connection.close()

    def add(self, source: str, image: str, patient: str, study: str) -> None:
        """Note where an image comes from; once more is the same as once."""
        escaped = source.encode("utf-8", "backslashreplace").decode("utf-8")
        self._connection.execute("INSERT OR REPLACE INTO films VALUES (?, ?, ?, ?)", (escaped, image, patient, study))

    def unfinished(self, data: str) -> Unfinished | None:
        """Return the import into ``data`` that was started and did not end, if there is one."""
        row = self._connection.execute("SELECT request, started FROM unfinished WHERE data = ?", (data,)).fetchone()
        return None if row is None else Unfinished(*row)

    def start(self, data: str, unfinished: Unfinished) -> None:
        """Note that an import into ``data`` starts."""
        self._connection.execute("INSERT OR REPLACE INTO unfinished VALUES (?, ?, ?)", (data, *unfinished))

    def finish(self, data: str) -> None:
        """Note that nothing is unfinished in ``data``."""
        self._connection.execute("DELETE FROM unfinished WHERE data = ?", (data,))
