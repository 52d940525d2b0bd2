"""Nightly monitoring from the delivery to the mail, on real servers, by the deployment's own schedule.

The sample's second hospital is commissioned; three nights arrive as usual, then two whose headers say the opposite of
what their greys mean. A day cannot be waited for: after each night the test moves all times of the log a day back, and
the schedule (every minute here) fires tonight's run as it would tomorrow's.
"""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from browser import opened
from monitoring.receiving import Mailbox, free_port, mail_address, mail_server, web_address, web_server
from pipeline.orchestration.nights import DAY, PLANTED, Hospital, Schedule
from real_platform import RealPlatform, promote, variables
from searching import search, search_text
from small_project import set_params

from dicom_router.dataset.pseudonyms import KEY_VARIABLE
from dicom_router.monitoring.drift.sending import ALERTS

KEY = "a key for tests that is long enough"
SITE = "riverside"
STUDIES = 24  # a night
REFERENCE = 7  # nights
QUICK = {
    "quiet_seconds": 0,
    "cron": "* * * * *",
    "jobs": 1,
    "drift": {"minimum_studies": 20, "reference_studies": 60, "permutations": 999},
}


@dataclass(frozen=True)
class Nights:
    """What five nights came to."""

    platform: RealPlatform
    usual: tuple[str, ...]  # how the runs of the first three ended
    watch: dict[str, Any]  # the run of the first drifted night, which the schedule fired
    alarm: dict[str, Any]  # and that of the second
    mails: tuple[Message, ...]
    posted: tuple[dict[str, Any], ...]
    late: tuple[dict[str, Any], ...]  # what a receiver got that was dead in those nights
    after: str  # how the run ended that reached it


@pytest.fixture(scope="module")
def five_nights(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """Start a platform of its own over a copy of the project, and let the nights come."""
    folder = tmp_path_factory.mktemp("nightly")
    shutil.copytree(project, folder / "project", symlinks=True)
    set_params(folder / "project", {"monitoring": QUICK})
    ports = [free_port() for _ in range(3)]
    addresses = " ".join([mail_address(ports[0]), web_address(ports[1]), web_address(ports[2])])
    platform = RealPlatform(folder / "project", {**variables(folder), KEY_VARIABLE: KEY, ALERTS: addresses})
    with mail_server(ports[0]) as mailbox, web_server(ports[1]) as posted:
        try:
            started = platform.make("up")
            assert started.returncode == 0, started.stderr
            yield _let_them_come(platform, mailbox, posted, ports[2])
        finally:
            ended = platform.make("down")
        assert ended.returncode == 0, ended.stderr


def _let_them_come(platform: RealPlatform, mailbox: Mailbox, posted: list[dict[str, Any]], dead: int) -> Nights:
    schedule, hospital = Schedule(platform), Hospital(platform, SITE, KEY, STUDIES)
    schedule.activate(False)
    platform.run("git", "config", "user.name", "Ada Example")
    platform.run("git", "config", "user.email", "ada@example.org")
    platform.run("git", "commit", "--quiet", "--all", "--message", "Every minute is a night")
    platform.run("dicom-router", "record")
    promote(platform, "1")
    commission(platform, hospital)
    usual = []
    for night in range(REFERENCE, REFERENCE + 3):
        hospital.deliver(night)
        usual.append(platform.end_of(platform.start("rescore/nightly"))["message"])
        hospital.turn_back()
    hospital.deliver(REFERENCE + 3, inverted=True)
    watch = schedule.fire_once()
    hospital.turn_back()
    hospital.deliver(REFERENCE + 4, inverted=True)
    alarm = schedule.fire_once()
    mails = tuple(mailbox.mails)
    with web_server(dead) as late:
        after = platform.end_of(platform.start("rescore/nightly"))["message"]
    return Nights(platform, tuple(usual), watch, alarm, mails, tuple(posted), tuple(late), after)


def commission(platform: RealPlatform, hospital: Hospital) -> None:
    """Score the nights of the reference as of their days, and sign them off with films that a person reviewed."""
    today = datetime.now(UTC).date()
    nights = [today - timedelta(days=back) for back in range(REFERENCE, 0, -1)]
    known: list[tuple[str, str]] = []
    for number, night in enumerate(nights):
        known += hospital.deliver(number)
        hospital.score_as_of(night)
    reviewed = platform.project / "private/reviewed.csv"
    with reviewed.open("w", newline="") as file:
        csv.writer(file).writerows([("SOPInstanceUID", "label"), *known[:40]])
    window = ("--since", str(nights[0]), "--until", str(nights[-1]))
    why = ("--because", "a week as any other")
    platform.run("dicom-router", "commission", SITE, *window, "--reviewed", str(reviewed), *why)


def test_three_usual_nights_are_green(five_nights: Nights) -> None:
    assert all("Nothing has changed at 1 commissioned site" in message for message in five_nights.usual), (
        five_nights.usual
    )


def test_the_schedule_fires_by_itself_and_the_first_drifted_night_is_watched(five_nights: Nights) -> None:
    assert five_nights.watch["auto_scheduled"] and five_nights.watch["state_type"] == "COMPLETED"
    assert f"Keep an eye on it: at {SITE} grey scale and file format changed" in five_nights.watch["state"]["message"]


def test_the_second_is_an_alarm_that_names_the_right_cause_first(five_nights: Nights) -> None:
    assert five_nights.alarm["auto_scheduled"] and five_nights.alarm["state_type"] == "COMPLETED"
    said = f"Do not act on the answers without a look by a person: at {SITE} grey scale and file format changed"
    assert said in five_nights.alarm["state"]["message"]


def test_the_mail_arrives_once_for_each_and_says_what_to_do(five_nights: Nights) -> None:
    titles = [str(mail["Subject"]) for mail in five_nights.mails]
    assert titles == [f"DICOM router: watch {SITE}", f"DICOM router: alarm at {SITE}, grey scale and file format"]
    assert [each["title"] for each in five_nights.posted] == titles
    assert "ask who changed a device, its settings or the export" in five_nights.posted[1]["message"]
    assert "reports/drift/" in five_nights.posted[1]["message"]


def test_a_receiver_that_was_dead_costs_nothing_and_gets_all_of_it_later(five_nights: Nights) -> None:
    log = five_nights.platform.log(five_nights.alarm["id"])
    assert log.count("not sent: DICOM router: ") == 2 and "the next run tries again" in log
    assert [each["title"] for each in five_nights.late] == [each["title"] for each in five_nights.posted]
    assert five_nights.after.startswith(f"{(REFERENCE + 5) * STUDIES} films seen = 0 scored")


def test_the_report_is_read_in_a_browser(five_nights: Nights) -> None:
    reports = five_nights.platform.project / "reports/drift"
    tonight = datetime.now(UTC).date()
    newest = max(date.fromisoformat(each.name) for each in reports.glob("20*"))
    assert newest in (tonight, tonight - DAY)  # the test may run into the next day
    with opened() as page:
        page.browser.get((reports / "index.html").as_uri())
        assert page.shows("act now", "watch", "nothing to do")
        page.click(str(newest))
        assert page.shows("Can the model still be trusted? act now", SITE, "Grey scale and file format", "Ada Example")
        assert page.shows("Messages that did not arrive", "Films worth a look")
        page.keep("night")
        assert page.complaints() == []


def test_nobody_is_named_anywhere(five_nights: Nights) -> None:
    project = five_nights.platform.project
    assert search([project / place for place in ("reports", "private/predictions.sqlite", ".platform")], PLANTED) == []
    assert not search_text("\n".join(mail.as_string() for mail in five_nights.mails), PLANTED)
