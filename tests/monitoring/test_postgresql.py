"""The same log on a real PostgreSQL."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from monitoring.conftest import Asking
from monitoring.delivering import HOUR, KEY, SITE, adds_up, deliver, deliver_many, run
from monitoring.made_up_nights import Hospital, look, usual
from postgresql_server import postgresql
from sqlalchemy import create_engine, text

from dicom_router.dataset.pseudonyms import fingerprint
from dicom_router.errors import LogError
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.monitoring.drift import beside
from dicom_router.monitoring.drift.assessing import Night
from dicom_router.monitoring.drift.messages import lay_out
from dicom_router.monitoring.drift.reviewed import Reviewed
from dicom_router.monitoring.drift.sending import send
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.exporting import Filter, export_csv, export_parquet
from dicom_router.monitoring.feedback.drawing import drawn
from dicom_router.monitoring.feedback.paired import paired
from dicom_router.monitoring.feedback.taking import take
from dicom_router.monitoring.log import nights, outbox
from dicom_router.monitoring.log.records import PredictionLog, opened, opened_to_read
from dicom_router.monitoring.log.tables import METADATA

DAYS = timedelta(days=2)
INTERVALS = Bootstrap(resamples=100, confidence=0.95, minimum_patients=5, seed=1)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgresql("predictions") as port:
        yield f"postgresql://router@127.0.0.1:{port}/predictions"


def test_all_that_the_log_does_is_done_on_postgresql(
    address: str, inbox: Path, asking: Asking, blind: Path, tmp_path: Path
) -> None:
    """One test for one server: first use by two at once, rows, a second run, another model, exports, refusals."""
    with ThreadPoolExecutor(2) as both:
        list(both.map(_open, [address, address]))
    engine = create_engine(address.replace("postgresql", "postgresql+pg8000"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    deliver_many(inbox, 60)
    (inbox / SITE / "notes.txt").write_text("no film")
    account = run(asking(log=address, challenger=str(blind / "artifacts/model")))
    assert (account.scored, account.refused, account.shadows) == (60, 1, 60) and adds_up(account)
    deliver(inbox / SITE / "twin", 70, SOPInstanceUID="1.2.3.1")
    again = run(asking(log=address))
    assert (again.scored, again.known, again.twins) == (1, 61, 1)
    changed = run(asking(log=address, model=str(blind / "artifacts/model")))
    assert changed.change is not None and dict(changed.change.moves) == {("spine", "other"): 12}

    with opened_to_read(address) as log:
        night = (datetime.now(UTC) + HOUR).date()
        before = nights.changed_from(log, changed.model, night, "UTC")
        assert before == account.model and nights.last_run(log, before, night, "UTC") is not None
        period = nights.period_of(night - DAYS, night, "UTC")
        found = beside.compare(log, account.model, changed.model, period, 30, INTERVALS)
        assert (found.films, found.moved, found.alone) == (61, 12, 0) and found.moves[0].films
        (image,) = drawn(log, SITE, nights.period_of(night, night, "UTC"), 1)
        assert take(log, Reviewed("image", {image: "spine"}), None, 1, "UTC", datetime.now(UTC)).drawn == 1
        assert paired(log, account.model, changed.model, period, "UTC", INTERVALS).drawn == 1
        file, table = io.BytesIO(), tmp_path / "log.parquet"
        assert export_csv(log, Filter(site=SITE), file) == 124
        with table.open("wb") as target:
            assert export_parquet(log, Filter(model=account.model), target, features=True) == 62
    with opened(address, fingerprint(KEY)) as log:
        usual(Hospital(log, "south"), 14)
        found = [_night(log, number) for number in (14, 15)]
        lay_out(log, found[1], {"south": found[0].state}, ["mailto 123456"], "never", "report.html")
        assert [each.state for each in found] == [State.WATCH, State.ALARM]
        assert [row["kind"] for row in outbox.waiting(log)] == ["alarm"]
        assert send(log, {"mailto 123456": "nothing"}, datetime.now(UTC)) != []
    with engine.begin() as connection:
        (received,) = connection.execute(text("SELECT max(received) FROM predictions")).one()
        assert abs((received - datetime.now(UTC)).total_seconds()) < 7200
        connection.execute(text("UPDATE alembic_version SET version_num = '0099'"))
    engine.dispose()
    with pytest.raises(LogError, match="of a newer release"):
        run(asking(log=address))


def _night(log: PredictionLog, number: int) -> Night:
    Hospital(log, "south", change=lambda _: {"sharpness": 0.1}).deliver(number)
    return look(log, number, reference_studies=20)


def _open(address: str) -> None:
    with opened(address, fingerprint(KEY)):
        pass
