"""The prediction log as a database: its schema, and what it says when it cannot be used."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from monitoring.conftest import Asking
from monitoring.delivering import deliver_many, rows, run
from sqlalchemy import create_engine

from dicom_router.errors import LogError
from dicom_router.monitoring.log.database import parse, shown
from dicom_router.monitoring.log.records import opened, opened_to_read
from dicom_router.monitoring.log.tables import METADATA

PRINT = "0" * 16


def test_the_revisions_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/log.sqlite"
    with opened(address, PRINT):
        pass
    engine = create_engine(address)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_log_of_a_newer_release_is_refused_and_left_alone(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/log.sqlite"
    with opened(address, PRINT):
        pass
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.close()
    with (
        pytest.raises(LogError, match=r"schema 0099, of a newer release than this one, which knows 0005"),
        opened(address, PRINT),
    ):
        pass
    assert rows(tmp_path, "*", "alembic_version") == [("0099",)]


def test_a_log_that_another_program_holds_is_said_and_nothing_is_lost(
    tmp_path: Path, inbox: Path, asking: Asking
) -> None:
    deliver_many(inbox, 3)
    run(asking())
    deliver_many(inbox, 2, first=3)
    holder = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    hasty = asking(log=f"sqlite:///{tmp_path}/log.sqlite?timeout=0.1")
    with pytest.raises(
        LogError, match=r"database is locked; another program holds it: .* What was scored before is kept"
    ):
        run(hasty)
    holder.close()
    assert run(hasty).scored == 2


@contextmanager
def small_disk(bytes_a_file: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_full_disk_is_said_and_the_next_run_goes_on(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    deliver_many(inbox, 120)
    with small_disk(700_000), pytest.raises(LogError, match=r"disk"):
        run(asking())
    kept = len(rows(tmp_path))
    assert 0 < kept < 120 and kept % 50 == 0
    account = run(asking())
    assert (account.scored, account.known) == (120 - kept, kept)
    assert len(rows(tmp_path)) == len(rows(tmp_path, "image", "embeddings")) == 120


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:///{}/nowhere/log.sqlite", "unable to open database file; make the folder"),
        ("sqlite:///{}/garbage", "file is not a database; restore it"),
        ("postgresql://router:SECRET@127.0.0.1:9/log", "start the server"),
        ("mysql://router:SECRET@db/log", "names mysql; accepted: sqlite:///private/predictions.sqlite"),
        ("SECRET", "is no address of a database; accepted"),
    ],
)
def test_a_log_that_cannot_be_opened_is_said_without_a_password(tmp_path: Path, address: str, said: str) -> None:
    (tmp_path / "garbage").write_text("no database " * 1000)
    with pytest.raises(LogError, match=said) as caught, opened(address.format(tmp_path), PRINT):
        pass
    assert "SECRET" not in str(caught.value)


def test_a_log_that_is_not_there_is_not_made_to_be_read(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/log.sqlite"
    with pytest.raises(LogError, match="`dicom-router rescore` makes it"), opened_to_read(address):
        pass
    assert not list(tmp_path.iterdir())


def test_an_address_is_shown_without_its_password() -> None:
    assert shown(parse("postgresql://router:SECRET@db/log")) == "postgresql+pg8000://router:***@db/log"
