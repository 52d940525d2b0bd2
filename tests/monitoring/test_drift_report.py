"""The page of a night: from DICOM files to what a person reads."""

import re
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pydicom
import pytest
from monitoring.conftest import Asking
from monitoring.delivering import KEY, deliver, deliver_many
from monitoring.made_up_nights import settings
from programs import require_program

from dicom_router.dataset.pseudonyms import fingerprint
from dicom_router.errors import LogError
from dicom_router.monitoring.drift.commissioning import Signing, commission
from dicom_router.monitoring.drift.reporting import Reported, report
from dicom_router.monitoring.drift.reviewed import Reviewed
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.log.records import opened
from dicom_router.monitoring.rescoring import rescore
from dicom_router.params import Drift
from dicom_router.sample.writing import Sample, write_sample

START = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=2)
SMALL: dict[str, Any] = {"minimum_studies": 8, "reference_studies": 20, "reviewed_films": 10, "permutations": 499}
Look = Callable[..., Reported]


def day(number: int) -> date:
    return (START + timedelta(days=number)).date()


@pytest.fixture
def night(tmp_path: Path, asking: Asking) -> Look:
    """Return a way to score what was delivered, as in a night by its number, and to report it."""

    def night(number: int, **changes: Any) -> Reported:
        request = asking()
        account = rescore(request, now=START + timedelta(days=number))
        return report(request, settings(**SMALL, **changes), tmp_path / "reports", account=account.lines)

    return night


def sign(tmp_path: Path, site: str, since: int, until: int) -> None:
    """Sign nights off, every film reviewed and the model right."""
    rows = sqlite3.connect(tmp_path / "log.sqlite")
    labels = dict(rows.execute("SELECT image, label FROM predictions WHERE label != ''"))
    rows.close()
    signing = Signing(site, day(since), day(until), "as usual", "Ada")
    with opened(f"sqlite:///{tmp_path}/log.sqlite", fingerprint(KEY)) as log:
        commission(log, signing, Reviewed("image", labels), "UTC", thresholds(), START + timedelta(days=until + 1))


def thresholds() -> Drift:
    return settings(**SMALL)


def invert(path: Path) -> bytes:
    """Return a film whose header says the opposite of what its greys mean, as a wrong export does."""
    ds = pydicom.dcmread(path)
    ds.PhotometricInterpretation = "MONOCHROME1" if ds.PhotometricInterpretation == "MONOCHROME2" else "MONOCHROME2"
    ds.save_as(path)
    return path.read_bytes()


def test_films_of_the_sample_make_a_reference_a_watched_night_and_an_alarm(
    tmp_path: Path, inbox: Path, night: Look
) -> None:
    for _ in write_sample(Sample(80, 3), tmp_path / "data", jobs=1):
        pass
    films = sorted((tmp_path / "data/images").rglob("*.dcm"), key=lambda path: path.stem)
    (tmp_path / "data").rename(tmp_path / "sample")  # whose key is another
    films = [tmp_path / "sample" / film.relative_to(tmp_path / "data") for film in films]
    found = []
    for number, some in enumerate((films[:20], films[20:40], films[40:50], films[50:65], films[65:])):
        folder = inbox / "north" / str(number)
        folder.mkdir(parents=True)
        for film in some:
            (folder / film.name).write_bytes(invert(film) if number > 2 else film.read_bytes())
        found.append(night(number))
        if number == 1:
            sign(tmp_path, "north", 0, 1)
    assert [each.state for each in found] == [State.GREEN] * 3 + [State.WATCH, State.ALARM]
    assert "No site is commissioned" in found[0].verdict
    assert all(re.search("at north (grey scale|exposure)", each.verdict) for each in found[3:])
    page = found[4].page.read_text(encoding="utf-8")
    assert "north: watch → alarm" in page and "data:image/png;base64," in page
    assert set(re.findall(r'(?:src|href)="(?!data:|#|\.\./index)([^"]*)"', page)) == set()
    assert pydicom.dcmread(films[-1]).SOPInstanceUID not in page


def test_an_empty_night_gives_a_report_that_says_so(inbox: Path, night: Look) -> None:
    deliver_many(inbox, 4)
    night(0)
    found = night(1)
    assert found.verdict.startswith("No film arrived this night")
    assert "No film arrived this night" in found.page.read_text() and found.night == day(1)


def test_before_any_film_there_is_a_report_too(inbox: Path, night: Look) -> None:
    assert "No site has delivered anything yet" in night(0).page.read_text()


def test_a_night_without_a_run_is_said(tmp_path: Path, inbox: Path, night: Look, asking: Asking) -> None:
    night(0)
    found = report(asking(), thresholds(), tmp_path / "reports", day(3))
    assert "No run came to its end this night" in found.verdict and "see why no run" in found.to_do[0]
    assert found.word == "not known" and "nothing to do" not in found.page.read_text()
    index = (tmp_path / "reports/index.html").read_text()
    assert index.count('report">not known') == 1 and f'<a href="{day(3)}/' in index


def test_films_that_contradict_their_header_are_shown_small_for_a_while(
    tmp_path: Path, inbox: Path, night: Look
) -> None:
    deliver(inbox / "north" / "film", 3, BodyPartExamined="CHEST")
    page = night(0).page.read_text()
    assert page.count("data:image/png") == 1 and "contradicts its header" in page and "CHEST" in page
    night(3, shown_nights=2)
    rows = sqlite3.connect(tmp_path / "log.sqlite")
    assert rows.execute("SELECT count(*) FROM thumbnails").fetchone() == (0,)
    rows.close()


def test_the_index_lists_every_night_and_links_those_that_are_there(tmp_path: Path, inbox: Path, night: Look) -> None:
    deliver_many(inbox, 4)
    first = night(0)
    first.page.unlink()
    second = night(1)
    index = (tmp_path / "reports/index.html").read_text()
    assert re.findall(r'href="(20[^"]*)"', index) == [f"{second.night}/index.html"]
    assert str(first.night) in index and second.page.stat().st_mode & 0o077 == 0


def test_a_log_that_another_program_holds_is_said(tmp_path: Path, inbox: Path, night: Look, asking: Asking) -> None:
    night(0)
    holder = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LogError, match="database is locked; another program holds it"):
        report(asking(log=f"sqlite:///{tmp_path}/log.sqlite?timeout=0.1"), thresholds(), tmp_path / "reports")
    holder.close()


def test_it_opens_in_a_browser_whole(tmp_path: Path, inbox: Path, night: Look) -> None:
    deliver_many(inbox, 20)
    page = night(0).page
    browser = [require_program("chromium", "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command = [*browser, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Can the model still be trusted?" in shown and shown.count("<section") == 5
    assert all(name in shown for name in ("Mix of classes", "Looks, within classes", "report only"))
