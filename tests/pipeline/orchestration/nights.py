"""Nights of a hospital that a test cannot wait for: delivered today, and then turned back by a day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pydicom
from monitoring.delivering import asked
from real_platform import RealPlatform, wait
from sqlalchemy import Date, Table, create_engine, func, update

from dicom_router.monitoring.log.tables import DELIVERIES, MESSAGES, METADATA, Moment
from dicom_router.monitoring.rescoring import rescore

DEPLOYMENT = "deployments/name/rescore/nightly"
GOING_ON = ("PENDING", "RUNNING")
BEGUN = (*GOING_ON, "COMPLETED", "FAILED", "CRASHED")
DAY = timedelta(days=1)
REMEMBERED = 10  # nights whose messages are turned back
FAR = 10_000  # days; no night collides with one that has not moved yet
PLANTED = ("PLANTED^NIGHT", "PLANTED-PATIENT")  # in every film


@dataclass(frozen=True)
class Hospital:
    """The sample's second hospital, whose films arrive again and again, each time as other patients' studies."""

    platform: RealPlatform
    site: str
    key: str
    studies: int  # a night

    @property
    def log(self) -> str:
        """Return the address of the log."""
        return f"sqlite:///{self.platform.project}/private/predictions.sqlite"

    @cached_property
    def films(self) -> pd.DataFrame:
        """Return labels and paths of its films whose grey scale is the usual one."""
        table = pd.read_csv(self.platform.project / "data/labels.csv")
        table = table[table["site"] == "synthetic-b"]
        kept = [pydicom.dcmread(self._source(path), stop_before_pixels=True) for path in table["path"]]
        return table[[ds.PhotometricInterpretation == "MONOCHROME2" for ds in kept]]

    def deliver(self, night: int, inverted: bool = False) -> list[tuple[str, str]]:
        """Drop the films of a night into the inbox; return their original SOPInstanceUIDs and what they show."""
        drawn = self.films.sample(self.studies, replace=True, random_state=night)
        pairs = zip(drawn["path"], drawn["label"], strict=True)
        return [
            (self._write(path, f"{night}.{place}", inverted), label) for place, (path, label) in enumerate(pairs, 1)
        ]

    def _source(self, path: str) -> Path:
        return self.platform.project / "data" / path

    def _write(self, path: str, number: str, inverted: bool) -> str:
        ds = pydicom.dcmread(self._source(path))
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"2.25.77.{number}"
        ds.StudyInstanceUID = f"2.25.78.{number}"
        ds.PatientName, ds.PatientID = PLANTED[0], f"{PLANTED[1]}-{number}"
        if inverted:  # as a scanner after an update that says the opposite of what its greys mean
            ds.PhotometricInterpretation = "MONOCHROME1"
        target = self.platform.project / "inbox" / self.site / f"{number}.dcm"
        target.parent.mkdir(parents=True, exist_ok=True)
        ds.save_as(target)
        return str(ds.SOPInstanceUID)

    def score_as_of(self, night: date) -> None:
        """Score what lies in the inbox as a run in that night would have."""
        project = self.platform.project
        (project / "private").mkdir(exist_ok=True)
        champion = project / "artifacts/model"
        request = asked(project, champion, log=self.log, key=self.key, site=self.site, quiet_seconds=0)
        rescore(request, now=datetime(night.year, night.month, night.day, 2, tzinfo=UTC))

    def turn_back(self) -> None:
        """Move every time of the log, and every report, a day back: what was today's night was yesterday's."""
        tonight = datetime.now(UTC).date()
        engine = create_engine(self.log)
        with engine.begin() as connection:
            for table in METADATA.sorted_tables:
                for days in (-FAR, FAR - 1):
                    if moved := _moved(table, days):
                        connection.execute(update(table).values(moved))
            for night in (tonight - DAY * back for back in range(REMEMBERED, -1, -1)):
                for column in (MESSAGES.c.message, DELIVERIES.c.message, MESSAGES.c.body):  # which name the night
                    moved = {column: func.replace(column, str(night), str(night - DAY))}
                    connection.execute(update(column.table).values(moved))
        engine.dispose()
        for page in sorted((self.platform.project / "reports/drift").glob("20*")):
            page.rename(page.with_name(str(date.fromisoformat(page.name) - DAY)))


def _moved(table: Table, days: int) -> dict[Any, Any]:
    """Return new values of the columns of ``table`` that hold times."""
    shift = f"{days:+} days"
    dates = {each: func.date(each, shift) for each in table.columns if isinstance(each.type, Date)}
    times = {
        each: func.strftime("%Y-%m-%d %H:%M:%f000", each, shift)
        for each in table.columns
        if isinstance(each.type, Moment)
    }
    return dates | times


@dataclass(frozen=True)
class Schedule:
    """The schedule of ``rescore/nightly``, and the runs that it fires."""

    platform: RealPlatform

    def fire_once(self) -> dict[str, Any]:
        """Let the schedule go on until it has fired a run, and wait for its end; return the run."""
        before = set(self._runs(BEGUN))
        self.activate(True)
        try:
            wait(lambda: bool(set(self._runs(BEGUN)) - before), 150, "the schedule fires no run")
        finally:
            self.rest()
        first, *_ = [run for run in self._runs(BEGUN) if run not in before]
        ended: dict[str, Any] = self.platform.api(f"flow_runs/{first}")
        return ended

    def rest(self) -> None:
        """Let the schedule fire no more, and wait for the end of what it has fired, but for runs that wait in line."""
        wait(self._rests, 300, "runs of the schedule do not end")

    def _rests(self) -> bool:
        self.activate(False)  # each time: the scheduler may have been at work
        for run in self._runs(("SCHEDULED",)):
            self.platform.api(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLED"}, "force": True})
        return not self._runs(GOING_ON)

    def activate(self, active: bool) -> None:
        """Let the schedule fire, or not."""
        found = self.platform.api(DEPLOYMENT)
        (schedule,) = found["schedules"]
        self.platform.api(f"deployments/{found['id']}/schedules/{schedule['id']}", {"active": active}, "PATCH")

    def _runs(self, states: tuple[str, ...]) -> list[str]:
        """Return the runs that the schedule fired and that are in one of ``states``, the first first."""
        chosen = {"deployments": {"name": {"any_": ["nightly"]}}, "sort": "EXPECTED_START_TIME_ASC"}
        rows = self.platform.api("flow_runs/filter", {**chosen, "flow_runs": {"state": {"type": {"any_": states}}}})
        return [row["id"] for row in rows if row["auto_scheduled"]]
