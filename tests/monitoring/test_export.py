"""The log as a table."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from monitoring.conftest import Asking
from monitoring.delivering import SIDE, deliver_many, run
from pyarrow import parquet

from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.monitoring import exporting
from dicom_router.monitoring.exporting import Filter, export_csv, export_parquet
from dicom_router.monitoring.log.records import PredictionLog, opened_to_read
from dicom_router.monitoring.periods import Period

TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)


@pytest.fixture
def log(tmp_path: Path, inbox: Path, asking: Asking, blind: Path) -> Iterator[PredictionLog]:
    """Return a log of eight films of two sites and three days, the newest three of another model too."""
    deliver_many(inbox, 5)
    run(asking(), -40 * DAY)
    deliver_many(inbox, 3, site="south", first=5)
    run(asking())
    run(asking(model=str(blind / "artifacts/model")))
    with opened_to_read(f"sqlite:///{tmp_path}/log.sqlite") as log:
        yield log


def exported(log: PredictionLog, wanted: Filter) -> list[dict[str, str]]:
    file = io.BytesIO()
    count = export_csv(log, wanted, file)
    found = list(csv.DictReader(io.StringIO(file.getvalue().decode())))
    assert len(found) == count
    return found


def test_filters_choose_rows_and_the_oldest_come_first(log: PredictionLog, version: str) -> None:
    everything = exported(log, Filter())
    assert [row["received"] for row in everything] == sorted(row["received"] for row in everything)
    recent, old = (
        Period.of_days(TODAY - 2 * DAY, None, "UTC"),
        Period.of_days(TODAY - 42 * DAY, TODAY - 38 * DAY, "UTC"),
    )
    wanted = {
        Filter(): 11,
        Filter(site="north"): 5,
        Filter(model=version): 8,
        Filter(period=recent): 6,
        Filter(period=old): 5,
        Filter("south", version, recent): 3,
        Filter(site="east"): 0,
    }
    assert {each: len(exported(log, each)) for each in wanted} == wanted


def test_parquet_holds_the_same_rows_by_groups_and_the_features(
    log: PredictionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "GROUP", 4)
    with (tmp_path / "log.parquet").open("wb") as file:
        assert export_parquet(log, Filter(), file, features=True) == 11
    assert parquet.read_metadata(tmp_path / "log.parquet").num_row_groups == 3
    table = parquet.read_table(tmp_path / "log.parquet").to_pylist()
    assert [row["image"] for row in table] == [row["image"] for row in exported(log, Filter())]
    assert {type(row["p_spine"]) for row in table} == {float} and table[0]["received"].tzinfo is not None
    seen = np.frombuffer(table[0]["features"], "<f2")  # the painted network's are the pixels themselves
    assert seen.shape == (SIDE * SIDE,)
    assert CLASSES[int(seen[: len(CLASSES)].argmax())] == table[0]["label"]


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(DataError, match="name the earlier day first"):
        Period.of_days(TODAY, TODAY - DAY, "UTC")


def test_days_are_those_of_the_time_zone() -> None:
    period = Period.of_days(TODAY, TODAY, "Asia/Tokyo")
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    assert midnight - timedelta(hours=9) in period and midnight + timedelta(hours=15) not in period
