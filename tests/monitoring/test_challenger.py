"""A challenger answers the champion's films in silence, and costs the champion nothing."""

import io
import re
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from monitoring.challengers import hanging, remade
from monitoring.conftest import Asking
from monitoring.delivering import KEY, SITE, adds_up, deliver, deliver_many, rows, run
from monitoring.made_up_nights import Hospital, empty_log, night, settings

from dicom_router.dataset.pseudonyms import Pseudonyms, fingerprint
from dicom_router.model.answers import Facts
from dicom_router.model.folder import GRAPH
from dicom_router.monitoring.challenger import find_challenger
from dicom_router.monitoring.drift.commissioning import Signing, commission
from dicom_router.monitoring.drift.reporting import report
from dicom_router.monitoring.drift.reviewed import Reviewed
from dicom_router.monitoring.exporting import Filter, export_csv
from dicom_router.monitoring.feedback.drawing import drawn
from dicom_router.monitoring.feedback.taking import take
from dicom_router.monitoring.log.nights import changed_from
from dicom_router.monitoring.log.records import opened, opened_to_read
from dicom_router.monitoring.outcomes import LOSSES, Cells
from dicom_router.monitoring.periods import Period
from dicom_router.monitoring.rescoring import Request, rescore

DAY = timedelta(days=1)
COLUMNS = "image, study, patient, label, p_spine, decision, reasons, exposure, noise, received"
IN_PROCESS = Cells(0, 60)


@pytest.fixture
def shadowed(asking: Asking, blind: Path) -> Request:
    """Return a request for a run by the good model with the blind one as challenger."""
    return asking(challenger=str(blind / "artifacts/model"))


@pytest.fixture
def other(blind: Path) -> str:
    """Return the version of the challenger."""
    return Facts.read(blind / "artifacts/model").version


def test_each_film_has_a_row_of_either_and_the_champion_stays_who_is_asked_for(
    tmp_path: Path, inbox: Path, shadowed: Request, version: str, other: str
) -> None:
    deliver_many(inbox, 10)
    (inbox / SITE / "notes.txt").write_text("no film")
    account = run(shadowed)
    assert (account.scored, account.refused, account.shadows) == (10, 1, 10) and adds_up(account)
    assert f"10   answers in silence, by {other}" in "\n".join(account.lines)
    said = {(model, label): count(tmp_path, model, label) for model in (version, other) for label in ("spine", "other")}
    assert said == {(version, "spine"): 2, (version, "other"): 2, (other, "spine"): 0, (other, "other"): 4}
    assert len(rows(tmp_path)) == 11 + 10 and len(rows(tmp_path, table="embeddings")) == 20
    assert set(rows(tmp_path, "model", "files")) == {(version,)}
    assert rows(tmp_path, "model, challenger, challenger_failed", "runs") == [(version, other, "")]
    with opened_to_read(shadowed.log) as log:
        assert log.last_models() == (version, other)


def count(folder: Path, model: str, label: str) -> int:
    return rows(folder, "model, label").count((model, label))


def test_the_challenger_answers_from_the_night_on_in_which_it_appears(
    tmp_path: Path, inbox: Path, asking: Asking, shadowed: Request, other: str
) -> None:
    films = deliver_many(inbox, 4)
    run(asking())
    deliver_many(inbox, 3, first=4)
    shutil.copy(films[0], films[0].with_name("copy"))
    account = run(shadowed, DAY)
    assert (account.scored, account.known, account.shadows) == (3, 5, 3)
    assert len([row for row in rows(tmp_path, "model") if row == (other,)]) == 3
    assert run(shadowed, 2 * DAY).shadows == 0


def test_what_a_challenger_takes_otherwise_than_it_was_decoded_for_is_decoded_for_it(
    tmp_path: Path, inbox: Path, asking: Asking, good: Path
) -> None:
    """The same network at another size: its answers are those that it gives alone."""
    deliver_many(inbox, 5)
    stretched = remade(good / "artifacts/model", tmp_path / "other", preprocessing={"image_size": 32, "fit": "stretch"})
    deliver(inbox / SITE / "wide", 5, Columns=16)
    run(asking(challenger=str(stretched)))
    beside = [row[1:] for row in rows(tmp_path, f"model, {COLUMNS}") if row[0] == Facts.read(stretched).version]
    (tmp_path / "log.sqlite").unlink()
    run(asking(model=str(stretched)))
    assert [row[:-1] for row in beside] == [row[:-1] for row in rows(tmp_path, COLUMNS)] and len(beside) == 6


def test_promoted_the_challengers_rows_are_the_champions(
    tmp_path: Path, inbox: Path, asking: Asking, shadowed: Request, blind: Path, version: str
) -> None:
    deliver_many(inbox, 5)
    run(shadowed)
    before = rows(tmp_path)
    promoted = run(asking(model=str(blind / "artifacts/model")), DAY)
    assert (promoted.scored, promoted.known) == (0, 5) and rows(tmp_path) == before
    assert promoted.change is not None and promoted.change.before == version
    assert (promoted.change.compared, dict(promoted.change.moves)) == (5, {("spine", "other"): 1})


@pytest.fixture
def failing(tmp_path: Path, blind: Path, good: Path) -> dict[str, Path]:
    """Return challengers with whom something is wrong."""
    damaged = Path(shutil.copytree(blind / "artifacts/model", tmp_path / "damaged"))
    (damaged / GRAPH).write_bytes(b"nothing")
    unfit = remade(good / "artifacts/model", tmp_path / "unfit", preprocessing={"image_size": 16, "fit": "letterbox"})
    return {"damaged": damaged, "gone": tmp_path / "gone", "unfit": unfit}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("damaged", "No challenger scored along: .* is damaged"),
        ("gone", "No challenger scored along: there is no folder"),
        ("unfit", "No challenger scored along: ONNX Runtime cannot run it"),
    ],
)
def test_a_challenger_that_cannot_answer_is_a_warning_and_the_champion_scores(
    tmp_path: Path, inbox: Path, asking: Asking, failing: dict[str, Path], version: str, name: str, said: str
) -> None:
    deliver_many(inbox, 3)
    account = run(asking(challenger=str(failing[name])))
    assert account.scored == 3 and account.challenger is None
    (warning,) = [line for line in account.lines if "challenger" in line]
    assert re.match(said, warning)
    assert set(rows(tmp_path, "model")) == {(version,)}
    assert rows(tmp_path, "challenger, challenger_failed", "runs") == [("", warning)]
    page = report(asking(), settings(), tmp_path / "reports").page.read_text()
    assert page.count('id="challenger"') == 1 and "No challenger scored along" in page


def test_the_champion_itself_and_nobody_are_no_challenger_and_nothing_is_said(
    tmp_path: Path, inbox: Path, asking: Asking, good: Path, version: str
) -> None:
    deliver_many(inbox, 2)
    account = run(asking(challenger=str(good / "artifacts/model")))
    assert account.scored == 2 and "challenger" not in "\n".join(account.lines)
    assert find_challenger("", version, False, IN_PROCESS).warning == ""
    assert "hallenger" not in report(asking(), settings(), tmp_path / "reports").page.read_text()


def test_a_challenger_of_synthetic_films_that_refuses_real_ones_is_one_warning(
    tmp_path: Path, inbox: Path, asking: Asking, good: Path, blind: Path
) -> None:
    real = remade(good / "artifacts/model", tmp_path / "real", synthetic=False)
    deliver(inbox / SITE / "real", 1, synthetic=False)
    deliver(inbox / SITE / "another", 2, synthetic=False)
    deliver(inbox / SITE / "synthetic", 3)
    account = run(asking(model=str(real), challenger=str(blind / "artifacts/model")))
    assert (account.scored, account.shadows) == (3, 1)
    (warning,) = [line for line in account.lines if "did not answer" in line]
    assert warning.startswith("The challenger did not answer 2 films: model") and "synthetic images" in warning
    assert len(rows(tmp_path)) == 4
    assert warning in report(asking(model=str(real)), settings(), tmp_path / "reports").lines[-3]


@pytest.mark.parametrize(("when", "shadows"), [("always", 0), ("not black", 0)])
def test_a_challenger_that_hangs_costs_the_champion_no_film(
    tmp_path: Path, inbox: Path, asking: Asking, good: Path, when: Any, shadows: int
) -> None:
    """Either it never answers, or it does until a film comes."""
    hangs = hanging(good / "artifacts/model", tmp_path / "hangs", when)
    deliver_many(inbox, 1)
    account = run(asking(challenger=str(hangs), jobs=1, timeout=2.0))
    assert (account.scored, account.refused, account.shadows) == (1, 0, shadows)
    assert "challenger" in "\n".join(account.lines)


def test_a_challenger_that_hangs_is_asked_about_three_films_and_that_is_said(
    tmp_path: Path, inbox: Path, asking: Asking, good: Path, version: str
) -> None:
    hangs = hanging(good / "artifacts/model", tmp_path / "hangs", "not black")
    deliver_many(inbox, 6)
    (inbox / SITE / "notes.txt").write_text("no film")
    account = run(asking(challenger=str(hangs), jobs=2, timeout=2.0))
    assert (account.scored, account.refused, account.shadows) == (6, 1, 0) and adds_up(account)
    assert set(rows(tmp_path, "model")) == {(version,)}
    (warning,) = [line for line in account.lines if "did not answer" in line]
    assert warning.startswith(f"The challenger did not answer {LOSSES} films: a process was lost with it")


START = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=2)
SMALL: dict[str, Any] = {"minimum_studies": 4, "reference_studies": 4, "reviewed_films": 4, "permutations": 99}


def three_nights(folder: Path, request: Request) -> list[Any]:
    """Score and report three nights, the first commissioned; return all that is told of them."""
    told: list[Any] = []
    for number in range(3):
        deliver_many(folder / "inbox", 20, first=100 * number)
        deliver(folder / "inbox" / SITE / f"odd {number}", 100 * number + 50, 3, BodyPartExamined="CHEST")
        deliver(folder / "inbox" / SITE / f"pair {number}", 100 * number + 60, 3, AccessionNumber=f"A{number}")
        deliver(folder / "inbox" / SITE / f"pair2 {number}", 100 * number + 61, 4, AccessionNumber=f"A{number}")
        (folder / "inbox" / SITE / f"notes {number}.txt").write_text(f"no film {number}")
        now = START + timedelta(days=number)
        account = rescore(request, now=now)
        found = report(request, settings(**SMALL), folder / "reports", drawn_films=5)
        page = re.sub('<section id="challenger">.*?</section>', "", found.page.read_text(), flags=re.DOTALL)
        page = re.sub(r"\s+", " ", page.partition("<h3>The run")[0])
        told.append((found.state, found.verdict, found.to_do, found.audits, found.figures, page, account.labels))
        has_section = 'id="challenger"' in found.page.read_text()
        assert has_section == bool(request.challenger)
        if number == 0:
            sign(request, now)
    with opened(request.log, fingerprint(KEY)) as log:
        told.append(drawn(log, SITE, Period.of_days(START.date(), START.date(), "UTC"), 5))
        labels = {Pseudonyms(KEY).accession(f"A{number}"): "spine" for number in range(3)}
        told.append(take(log, Reviewed("accession", labels), SITE, 5, "UTC", START))
    return told


def sign(request: Request, now: datetime) -> None:
    rows = sqlite3.connect(request.log.removeprefix("sqlite:///"))
    champions = "SELECT image, label FROM predictions WHERE label != '' AND model IN (SELECT model FROM runs)"
    labels = dict(rows.execute(champions))
    rows.close()
    with opened(request.log, fingerprint(KEY)) as log:
        signing = Signing(SITE, now.date(), now.date(), "as usual", "Ada")
        commission(log, signing, Reviewed("image", labels), "UTC", settings(**SMALL), now + timedelta(days=1))


def test_no_figure_of_a_night_is_another_with_a_challenger(
    tmp_path: Path, inbox: Path, asking: Asking, blind: Path
) -> None:
    alone = three_nights(tmp_path, asking())
    for path in (*tmp_path.glob("log.sqlite*"), *inbox.glob("*/*")):
        path.unlink()
    beside = three_nights(tmp_path, asking(challenger=str(blind / "artifacts/model")))
    assert beside == alone and alone[-1].unclear == 3
    assert len(rows(tmp_path, "model, image")) == 2 * len(rows(tmp_path, "file", "files")) - 3


def test_a_champion_is_new_in_the_night_of_its_first_run_alone(tmp_path: Path) -> None:
    with empty_log(tmp_path) as log:
        for number, model in enumerate("AABBA"):
            Hospital(log, model=model).run(number)
        asked = [(model, number) for model in "AB" for number in range(6)]
        found = {each: before for each in asked if (before := changed_from(log, each[0], night(each[1]), "UTC"))}
    assert found == {("B", 2): "A", ("A", 4): "B"}


def test_an_export_shows_both_and_one_can_be_chosen(inbox: Path, shadowed: Request, version: str, other: str) -> None:
    deliver_many(inbox, 4)
    run(shadowed)
    with opened_to_read(shadowed.log) as log:
        sizes = [export_csv(log, Filter(model=model), io.BytesIO()) for model in (None, version, other)]
    assert sizes == [8, 4, 4]
