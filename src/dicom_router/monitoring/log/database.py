"""Where the log lies, and how what a database refuses reaches a person."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from dicom_router.dataset.importing.ledger import make_private
from dicom_router.errors import LogError
from dicom_router.monitoring.settings import DEFAULT, VARIABLE

DRIVERS: Final = {"postgresql": "postgresql+pg8000", "postgres": "postgresql+pg8000"}  # the one that is installed
ACCEPTED: Final = ("sqlite", "postgresql")
PATIENCE: Final = 30.0  # seconds to wait for who holds the log
PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
BEGIN: Final = "begin"  # execution option of an engine: how SQLite begins a transaction
# What databases say, and what to do about it.
ADVICE: Final = {
    "locked": "another program holds it: end that program, or wait for it, and run the same again",
    "full": "make room there, and run the same again",
    "No space": "make room there, and run the same again",
    "disk I/O error": "see whether the disk is full or damaged, and run the same again",
    "readonly": "let this user write there",
    "unable to open": f"make the folder and let this user write there, or set {VARIABLE} to another log",
    "not a database": f"restore it from a copy, or set {VARIABLE} to another log",
    "malformed": f"restore it from a copy, or set {VARIABLE} to another log",
    "Can't create a connection": f"start the server, or correct {VARIABLE}",
}
ELSE: Final = f"see to it, or set {VARIABLE} to another log, and run the same again"


def parse(address: str) -> URL:
    """Return the address of a log.

    Raises:
        LogError: it is none, or of a database that is not supported.
    """
    try:
        url = make_url(address)
    except ArgumentError:
        raise LogError(f"{VARIABLE} is no address of a database; {_examples()}") from None
    if url.get_backend_name() not in (*ACCEPTED, *DRIVERS):
        raise LogError(f"{VARIABLE} names {url.get_backend_name()}; {_examples()}")
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


@contextmanager
def connected(url: URL) -> Iterator[Engine]:
    """Yield an engine for the log at ``url``.

    Raises:
        LogError: the database refuses, at the start or within the block.
    """
    try:
        engine = _engine(url)
        try:
            yield engine
        finally:
            engine.dispose()
    except (DBAPIError, sqlite3.Error) as error:
        raise LogError(_explained(url, error)) from None
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise LogError(f"{VARIABLE} names a driver that is not installed ({error}); {_examples()}") from None


def writing(engine: Engine) -> Engine:
    """Return ``engine`` with transactions that wait for their turn to write when they begin, not in their middle."""
    return engine.execution_options(**{BEGIN: "IMMEDIATE"})


def file_of(url: URL) -> Path | None:
    """Return the file of SQLite, None for a server."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def shown(url: URL) -> str:
    """Return the address without a password."""
    return str(file_of(url) or url.render_as_string(hide_password=True))


def _engine(url: URL) -> Engine:
    path = file_of(url)
    if path is None:
        return create_engine(url, hide_parameters=True)
    if not path.exists() and f"sqlite:///{path}" == DEFAULT:
        make_private(path.parent)
    if path.parent.is_dir():
        path.touch(mode=0o600)
    settings = {} if "timeout" in url.query else {"timeout": PATIENCE}
    engine = create_engine(url, connect_args=settings, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    """Leave transactions to ``_begin``: sqlite3's own begin when a row is written, and not before one is read."""
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(BEGIN, 'DEFERRED')}")


def _explained(url: URL, error: DBAPIError | sqlite3.Error) -> str:
    """Say what the database said, without the values of a statement, and what to do."""
    said = _words(error.orig if isinstance(error, DBAPIError) else error)
    advice = next((advice for words, advice in ADVICE.items() if words in said), ELSE)
    return f"the prediction log {shown(url)} cannot be used: {said}; {advice}. What was scored before is kept"


def _words(error: Any) -> str:  # noqa: ANN401
    """Return the database's own message: PostgreSQL's stands in a table of the protocol's fields."""
    first = error.args[0] if getattr(error, "args", ()) else error
    return str(first.get("M", "it refuses") if isinstance(first, dict) else first).partition("\n")[0].rstrip(".")


def _examples() -> str:
    return "accepted: sqlite:///private/predictions.sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE"
