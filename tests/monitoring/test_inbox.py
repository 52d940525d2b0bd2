"""Names that copying programs use, and files that are still."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from dicom_router.monitoring.delivered import Known
from dicom_router.monitoring.inbox import Arrival, Stamp, is_partial
from dicom_router.monitoring.log.records import PredictionLog
from dicom_router.monitoring.periods import Period
from dicom_router.walking import Found


@pytest.mark.parametrize(
    "name",
    ["a.dcm.part", "a.PARTIAL", "a.filepart", "a.tmp", "a.crdownload", "a~", ".a.dcm.x7Gd2k", ".nfs00ab", ".~tmp~",
     ".rsync-partial", ".syncthing.a.dcm.tmp"],
)  # fmt: skip
def test_what_copying_programs_call_unfinished_is_partial(name: str) -> None:
    assert is_partial(name)


@pytest.mark.parametrize(
    "name", ["a.dcm", "IM000001", ".DS_Store", "part", "1.2.840.113619.2", "tmp.dcm", ".hidden.dcm"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_partial(name)


@pytest.mark.parametrize(
    ("age", "quiet"), [(0, False), (59, False), (60, True), (1e6, True), (-30, False), (-1e6, True)]
)
def test_a_file_is_quiet_by_its_last_change_on_either_side_of_now(age: float, quiet: bool) -> None:
    assert Stamp(changed=int((1e9 - age) * 1e9)).is_quiet(1e9, 60) is quiet


@pytest.mark.parametrize(("age", "waits"), [(5, True), (65, False)])
def test_what_arrives_hours_after_a_run_began_is_judged_by_the_clock_of_that_moment(age: float, waits: bool) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moment = (start + timedelta(hours=3)).timestamp()
    log = PredictionLog(create_engine("sqlite://"))
    known = Known(log, "a model", Period(start), start, lambda: moment, quiet_seconds=60)
    stamp = Stamp(changed=int((moment - age) * 1e9))
    assert known.waits(Arrival("north", Found(Path("film")), stamp, partial=False, place="film")) is waits
