"""Nightly monitoring from the delivery to the mail, on real servers, by the deployment's own schedule.

The sample's second hospital is commissioned. Three nights arrive as usual, then three whose headers say the opposite of
what their greys mean. A day cannot be waited for: after each night the test moves all times of the log a day back, and
the schedule, every five seconds here, fires tonight's run as it would tomorrow's. The nights of the reference are
scored as of their days by the code that the flow calls, while the servers start.
"""

import csv
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from browser import Page, opened
from documents import run_here
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
    "cron": "* * * * * */5",
    "jobs": 1,
    "drift": {"minimum_studies": 20, "reference_studies": 60, "permutations": 999},
}
# Prefect looks for what is to be scheduled once a minute, and hands a run out 10 seconds before it is due. It schedules
# an hour of runs in advance, which lock its database when there are as many as here.
SOON = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "1",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "2",
    "PREFECT_WORKER_PREFETCH_SECONDS": "1",
}
TITLES = [f"DICOM router: watch {SITE}", f"DICOM router: alarm at {SITE}, grey scale and file format"]


@dataclass(frozen=True)
class Clinic:
    """A platform with receivers, and the hospital that was commissioned there."""

    hospital: Hospital
    signed: str  # what the commission said
    mailbox: Mailbox
    posted: list[dict[str, Any]]
    dead: int  # the port of a receiver that is not there

    @property
    def platform(self) -> RealPlatform:
        """Return the platform."""
        return self.hospital.platform


@dataclass(frozen=True)
class Nights:
    """What the nights came to: runs that the schedule fired, and how many mails there were after each."""

    usual: Sequence[dict[str, Any]]
    drifted: Sequence[dict[str, Any]]
    mails: Sequence[int]
    late: Sequence[dict[str, Any]]  # what the receiver got in the last night that was dead before


@pytest.fixture(scope="module")
def clinic(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """Start a platform of its own over a copy of the project; meanwhile commission the hospital."""
    folder = tmp_path_factory.mktemp("nightly")
    shutil.copytree(project, folder / "project", symlinks=True)
    set_params(folder / "project", {"monitoring": QUICK})
    ports = [free_port() for _ in range(3)]
    addresses = " ".join([web_address(ports[2]), mail_address(ports[0]), web_address(ports[1])])
    platform = RealPlatform(folder / "project", {**variables(folder), **SOON, KEY_VARIABLE: KEY, ALERTS: addresses})
    hospital = Hospital(platform, SITE, KEY, STUDIES)
    with mail_server(ports[0]) as mailbox, web_server(ports[1]) as posted, ThreadPoolExecutor() as hands:
        try:
            starting = hands.submit(platform.make, "up")
            signed = commission(hospital)
            started = starting.result()
            assert started.returncode == 0, started.stderr
            yield Clinic(hospital, signed, mailbox, posted, ports[2])
        finally:
            ended = platform.make("down")
        assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def nights(clinic: Clinic) -> Nights:
    """Promote the model, and let the nights come."""
    schedule, hospital, mails = Schedule(clinic.platform), clinic.hospital, []
    schedule.rest()
    here(clinic.platform, "git commit --quiet --all --message 'Seconds are nights'", "dicom-router record")
    promote(clinic.platform, "1")

    def night(number: int, inverted: bool = False) -> dict[str, Any]:
        if number:
            hospital.turn_back()
        hospital.deliver(REFERENCE + number, inverted)
        run = schedule.fire_once()
        mails.append(len(clinic.mailbox.mails))
        return run

    usual = [night(number) for number in range(3)]
    drifted = [night(number, inverted=True) for number in (3, 4)]
    with web_server(clinic.dead) as late:
        drifted.append(night(5, inverted=True))
    return Nights(usual, drifted, mails, late)


def here(platform: RealPlatform, *lines: str) -> str:
    """Run commands where the platform is; return what they printed."""
    ran = run_here(platform.project, lines, **platform.variables)
    assert ran.code == 0, ran.printed
    return ran.printed


def commission(hospital: Hospital) -> str:
    """Score the nights of the reference, draw films of them, say what these show, and sign; return what was said."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=back) for back in range(REFERENCE, 0, -1)]
    known: dict[str, str] = {}
    for number, night in enumerate(days):
        known |= hospital.deliver(number)
        hospital.score_as_of(night)
    window = f"--since {days[0]} --until {days[-1]}"
    here(hospital.platform, f"dicom-router predictions sample {SITE} {window} --films 40 --output private/reviewed.csv")
    sheet = hospital.platform.project / "private/reviewed.csv"
    with sheet.open(newline="") as file:
        films = [film["SOPInstanceUID"] for film in csv.DictReader(file)]
    with sheet.open("w", newline="") as file:
        csv.writer(file).writerows([("SOPInstanceUID", "label"), *((film, known[film]) for film in films)])
    who = ("git config user.name 'Ada Example'", "git config user.email ada@example.org")
    sign = f"dicom-router commission {SITE} {window} --reviewed private/reviewed.csv --because 'a week as any other'"
    return here(hospital.platform, *who, sign)


def test_a_hospital_is_commissioned_with_films_drawn_at_random(clinic: Clinic) -> None:
    assert f"commissioned {SITE}, by Ada Example <ada@example.org>: a week as any other" in clinic.signed
    assert f"{REFERENCE * STUDIES} studies of {REFERENCE} nights" in clinic.signed
    assert "of 40 reviewed films" in clinic.signed


def test_the_schedule_fires_each_night_by_itself(nights: Nights) -> None:
    for number, run in enumerate([*nights.usual, *nights.drifted], REFERENCE):
        assert run["auto_scheduled"] and run["state_type"] == "COMPLETED", run["state"]
        account = f"{(number + 1) * STUDIES} films seen = {STUDIES} scored + 0 quarantined + 0 waiting + "
        assert run["state"]["message"].startswith(account)


def test_usual_nights_are_green(nights: Nights) -> None:
    said = [run["state"]["message"] for run in nights.usual]
    assert all("Nothing has changed at 1 commissioned site" in message for message in said), said


def test_drift_is_watched_one_night_and_then_an_alarm_that_names_the_right_cause_first(nights: Nights) -> None:
    watch, *alarms = [run["state"]["message"] for run in nights.drifted]
    cause = f"at {SITE} grey scale and file format changed"
    assert f"Keep an eye on it: {cause}" in watch
    assert all(f"Do not act on the answers without a look by a person: {cause}" in alarm for alarm in alarms), alarms


def test_each_night_says_which_films_wait_for_a_person(clinic: Clinic, nights: Nights) -> None:
    log = clinic.platform.log(nights.usual[0]["id"])
    assert f"{SITE}: 10 films of this night; 70 of the 70 that were drawn in the last 7 nights have no label" in log
    assert f"dicom-router predictions sample {SITE} --night" in log


def test_mail_comes_the_same_night_once_for_an_incident(clinic: Clinic, nights: Nights) -> None:
    assert nights.mails == [0, 0, 0, 1, 2, 2]
    mails: list[Message] = clinic.mailbox.mails
    assert [str(mail["Subject"]) for mail in mails] == TITLES == [each["title"] for each in clinic.posted]
    for said in (clinic.posted[1]["message"], plain(mails[1])):
        assert f"at {SITE} grey scale and file format changed" in said
        assert "ask who changed a device, its settings or the export" in said
        assert str(clinic.platform.project / "reports/drift") in said


def plain(mail: Message) -> str:
    """Return the text of a mail that is nothing but text."""
    content = mail.get_payload(decode=True)
    assert mail.get_content_type() == "text/plain" and isinstance(content, bytes)
    return content.decode()


def test_a_dead_receiver_delays_nobody_and_gets_all_of_it_later(clinic: Clinic, nights: Nights) -> None:
    logs = [clinic.platform.log(run["id"]).count("the next run tries again") for run in nights.drifted]
    assert logs == [1, 2, 0]
    assert [each["title"] for each in nights.late] == TITLES


def test_the_report_is_read_in_a_browser(clinic: Clinic, nights: Nights) -> None:
    reports = clinic.platform.project / "reports/drift"
    tonight = datetime.now(UTC).date()
    newest = max(date.fromisoformat(each.name) for each in reports.glob("20*"))
    assert newest in (tonight, tonight - DAY)  # the test may run into the next day
    with opened() as page:
        page.browser.get((reports / "index.html").as_uri())
        assert page.shows("act now", "watch", "nothing to do")
        page.keep("nights")
        page.click(str(newest))
        assert page.shows("Can the model still be trusted? act now", SITE, "Grey scale and file format", "Ada Example")
        assert page.shows("Messages that did not arrive", "Films worth a look", "Drawn at random")
        pictures, elsewhere = loaded(page)
        page.keep("night")
        assert pictures and all(pictures) and elsewhere == []
        assert page.complaints() == []


def loaded(page: Page) -> tuple[list[int], list[str]]:
    """Return the width of each picture once it is there, and what the page asked for beside itself."""
    page.browser.execute_script("for (const each of document.images) each.loading = 'eager'")
    page.until(lambda browser: browser.execute_script("return [...document.images].every(each => each.complete)"))
    widths = page.browser.execute_script("return [...document.images].map(each => each.naturalWidth)")
    asked = "return performance.getEntriesByType('resource').map(each => each.name)"
    names = page.browser.execute_script(asked)
    return widths, [name for name in names if not name.startswith("data:")]


def test_nobody_is_named_anywhere(clinic: Clinic, nights: Nights) -> None:
    project, prefect = clinic.platform.project, Path(clinic.platform.variables["PREFECT_HOME"])
    places = [project / place for place in ("reports", "private/predictions.sqlite", ".platform")]
    assert search([*places, prefect], PLANTED) == []
    assert {found.identifier for found in search([project / "inbox"], PLANTED)} == set(PLANTED)
    assert not search_text("\n".join(mail.as_string() for mail in clinic.mailbox.mails), PLANTED)
