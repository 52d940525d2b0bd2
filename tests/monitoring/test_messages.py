"""Messages: one for an alarm, one when it is over, and a dead receiver loses none."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from monitoring.conftest import Asking
from monitoring.delivering import deliver_many
from monitoring.made_up_nights import MODEL, WINDOW, Draw, Hospital, look, night, settings
from monitoring.receiving import free_port, mail_address, mail_server, web_address, web_server

from dicom_router.monitoring.drift.assessing import Night
from dicom_router.monitoring.drift.messages import Green, lay_out
from dicom_router.monitoring.drift.reporting import deliver, report
from dicom_router.monitoring.drift.sending import ALERTS, name_of, receivers, send
from dicom_router.monitoring.log import nights, outbox
from dicom_router.monitoring.log.records import PredictionLog
from dicom_router.monitoring.rescoring import rescore

NOW = datetime.now(UTC)
Tell = Callable[..., list[str]]


def blurred(_: object) -> dict[str, float]:
    return {"sharpness": 0.1}


def as_usual(_: object) -> dict[str, float]:
    return {}


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Return ports of a mail and a web server, named as receivers."""
    mail, web = free_port(), free_port()
    monkeypatch.setenv(ALERTS, f"{mail_address(mail)}\n{web_address(web)}")
    return mail, web


@pytest.fixture
def tell(weeks: PredictionLog) -> Iterator[Tell]:
    """Return a way to deliver a night, look at it, and lay out what is said; its kinds are returned."""

    def tell(number: int, change: Draw = as_usual, green: Green = "never", studies: int = 40) -> list[str]:
        if change is not None:
            Hospital(weeks, change=change).deliver(number, studies)
        before = nights.nights(weeks, night(number), 1)
        states = {"north": before[0]["state"]} if before else {}
        found: Night = look(weeks, number)
        return [each.kind for each in lay_out(weeks, found, states, list(receivers()), green, "report.html")]

    yield tell


def test_an_alarm_is_said_once_to_every_receiver_and_once_that_it_is_over(
    weeks: PredictionLog, tell: Tell, ports: tuple[int, int]
) -> None:
    with mail_server(ports[0]) as mailbox, web_server(ports[1]) as posted:
        said = [tell(WINDOW + each, change) for each, change in enumerate((blurred,) * 4 + (as_usual,) * 2)]
        assert said == [["watch"], ["alarm"], [], [], [], ["cleared"]]
        assert send(weeks, receivers(), NOW) == send(weeks, receivers(), NOW) == []
    assert [post["type"] for post in posted] == ["warning", "failure", "success"]
    titles = ["DICOM router: watch north", "DICOM router: alarm at north, sharpness", "DICOM router: over at north"]
    assert [post["title"] for post in posted] == titles == [mail["Subject"] for mail in mailbox.mails]
    assert "Do not act on the answers" in posted[1]["message"] and "Report: report.html" in posted[1]["message"]
    assert {mail["To"] for mail in mailbox.mails} == {"physicist@hospital.example"}
    assert {mail.get_content_type() for mail in mailbox.mails} == {"text/plain"}  # whose lines wrap


def test_looking_at_a_night_again_says_nothing_twice(weeks: PredictionLog, tell: Tell, ports: tuple[int, int]) -> None:
    tell(WINDOW, blurred)
    tell(WINDOW + 1, blurred)
    before = outbox.waiting(weeks)
    found = look(weeks, WINDOW + 1)
    lay_out(weeks, found, {"north": "watch"}, list(receivers()), "never", "report.html")
    assert outbox.waiting(weeks) == before and len(before) == 4


def test_a_dead_receiver_delays_nothing_and_loses_nothing(
    weeks: PredictionLog, tell: Tell, ports: tuple[int, int]
) -> None:
    tell(WINDOW, blurred)
    tell(WINDOW + 1, blurred)
    with web_server(ports[1]) as posted:
        late = send(weeks, receivers(), NOW)
    assert len(posted) == 2
    assert [line.partition(" to ")[2] for line in late] == [
        f"{name_of(mail_address(ports[0]))}: tried 1 time; the next run tries again",
        f"{name_of(mail_address(ports[0]))}: tried 0 times; the next run tries again",
    ]
    with mail_server(ports[0]) as mailbox:
        assert send(weeks, receivers(), NOW) == []
    assert len(mailbox.mails) == 2 and len(posted) == 2


@pytest.mark.parametrize(("green", "expected"), [("never", 0), ("weekly", 1), ("nightly", 2)])
def test_nothing_to_do_is_said_as_often_as_the_parameters_want(
    tell: Tell, ports: tuple[int, int], green: Green, expected: int
) -> None:
    said = [tell(WINDOW + each, green=green) for each in (7, 8)]  # a Monday and a Tuesday
    assert [kind for kinds in said for kind in kinds] == ["green"] * expected


def test_too_few_studies_do_not_end_an_incident(tell: Tell, ports: tuple[int, int]) -> None:
    said = [tell(WINDOW + each, change, studies=n) for each, change, n in ((0, blurred, 40), (1, blurred, 40))]
    said += [tell(WINDOW + each, studies=2) for each in (2, 3)]
    assert said == [["watch"], ["alarm"], [], []]


def test_an_address_that_apprise_does_not_know_is_said_without_its_secret(
    weeks: PredictionLog, tell: Tell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv(ALERTS, "carrier-pigeon://SECRET@loft")
    tell(WINDOW, blurred)
    (line,) = send(weeks, receivers(), NOW)
    assert "carrier-pigeon" in line and "tried 1 time" in line
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("log.sqlite*"))
    assert "SECRET" not in line + "".join(capfd.readouterr()) and b"SECRET" not in kept


def test_a_receiver_that_is_named_no_longer_is_said(
    weeks: PredictionLog, tell: Tell, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(WINDOW, blurred)
    monkeypatch.delenv(ALERTS)
    assert all("no longer names this receiver" in line for line in send(weeks, receivers(), NOW))


def test_the_next_report_shows_what_did_not_arrive(
    tmp_path: Path, inbox: Path, asking: Asking, ports: tuple[int, int]
) -> None:
    deliver_many(inbox, 4)
    wanted = settings(green="nightly")
    pages = []
    for hours in (24, 48):
        rescore(asking(), now=datetime.fromtimestamp(NOW.timestamp() + 3600 * hours, UTC))
        pages.append(report(asking(), wanted, tmp_path / "reports").page.read_text())
        late = deliver(asking().log)
    assert "did not arrive" not in pages[0] and pages[1].count("tried 1 time") == 2
    assert len(late) == 4 and MODEL not in pages[1]
