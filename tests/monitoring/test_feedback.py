"""What people say of films, and what it says of the model."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import ROOT
from monitoring.conftest import Asking
from monitoring.delivering import KEY, SITE, deliver, deliver_many, rows, run
from small_project import set_params

from dicom_router import cli
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.labels import CLASSES
from dicom_router.monitoring.feedback.drawing import audits, drawn, first_of
from dicom_router.monitoring.feedback.performance import performance
from dicom_router.monitoring.log.records import opened_to_read
from dicom_router.monitoring.log.tables import FEEDBACK
from dicom_router.monitoring.periods import Period

FILMS = 60
TODAY = datetime.now(UTC).date()
SETTINGS = Bootstrap(resamples=500, confidence=0.95, minimum_patients=5, seed=1)


@pytest.fixture
def folder(tmp_path: Path, inbox: Path, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project's folder whose log has sixty films, all answered rightly, of one night."""
    deliver_many(inbox, FILMS)
    run(asking(), timedelta(0) + timedelta(minutes=2))
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    set_params(tmp_path, {"monitoring": {"inbox": str(inbox), "drawn_films": 12}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DICOM_ROUTER_PREDICTION_LOG", f"sqlite:///{tmp_path}/log.sqlite")
    monkeypatch.setenv("DICOM_ROUTER_PSEUDONYM_KEY", KEY)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.group, list(arguments))


def night_of(folder: Path) -> str:
    """Return the last night."""
    return str(max(row[0][:10] for row in rows(folder, "received")))


def table(path: Path, key: str, labels: dict[str, str]) -> str:
    path.write_text("\n".join([f"{key},label", *(f"{name},{label}" for name, label in labels.items()), ""]))
    return str(path)


def truth(number: int) -> str:
    return CLASSES[number % len(CLASSES)]


def test_films_are_drawn_looked_at_handed_back_and_imported(folder: Path, good: Path) -> None:
    """The whole road: a table of drawn films, filled in with a surprise, feedback, and the import."""
    done = call("predictions", "sample", SITE, "--night", night_of(folder))
    assert done.exit_code == 0 and "12 films of 12 drawn" in done.output, done.output
    sheet = folder / f"private/sample-{SITE}-{night_of(folder)}.csv"
    assert sheet.stat().st_mode & 0o077 == 0
    with sheet.open() as file:
        films = list(csv.DictReader(file))
    numbers = [int(film["SOPInstanceUID"].rpartition(".")[2]) for film in films]
    labels = [truth(number) for number in numbers]
    labels[0] = next(name for name in CLASSES if name != labels[0])
    filled = {film["SOPInstanceUID"]: label for film, label in zip(films, labels, strict=True)}
    said = call("feedback", table(folder / "filled.csv", "SOPInstanceUID", filled))
    assert said.exit_code == 0, said.output
    assert "12 films got a label" in said.output and "12 of these were drawn" in said.output
    assert "12 drawn films of" in said.output and "for 60 films" in said.output and "0.917 (" in said.output

    reported = call("drift", "--model", str(good / "artifacts/model"))
    assert reported.exit_code == 0, reported.output
    page = (folder / f"reports/drift/{night_of(folder)}/index.html").read_text()
    assert "by people&#39;s labels: 0.917" in page or "by people's labels: 0.917" in page
    assert "predictions sample" not in page + reported.output  # nobody is waited for

    exported = call("predictions", "labels", SITE)
    assert "12 films of 12 labelled" in exported.output, exported.output
    (folder / "dvc.yaml").touch()
    how = ("--label-from", f"private/labels-{SITE}.csv", "--site", SITE, "--with-synthetic")
    brought = call("import", f"inbox/{SITE}", *how)
    assert brought.exit_code in (0, 1) and "12" in brought.output, brought.output
    with (folder / "data/labels.csv").open() as file:
        assert sorted(row["label"] for row in csv.DictReader(file)) == sorted(labels)


def test_films_of_a_window_are_drawn_to_commission_a_site(folder: Path, inbox: Path, asking: Asking) -> None:
    """From the draw over several nights to the signature, with no list of anybody's own making."""
    (folder / "log.sqlite").unlink()
    run(asking(), timedelta(days=-3))
    deliver_many(inbox, 30, first=100)
    run(asking(), timedelta(days=-2))
    days = ("--since", str(TODAY - timedelta(days=4)), "--until", str(TODAY - timedelta(days=1)))
    done = call("predictions", "sample", SITE, *days, "--films", "45")
    assert done.exit_code == 0 and "45 films of 45 drawn" in done.output, done.output
    with (folder / f"private/sample-{SITE}-{days[1]}-{days[3]}.csv").open() as file:
        uids = [film["SOPInstanceUID"] for film in csv.DictReader(file)]
    numbers = [int(uid.rpartition(".")[2]) for uid in uids]
    assert 0 < sum(number >= 100 for number in numbers) < 45
    reviewed = table(folder / "reviewed.csv", "SOPInstanceUID", dict(zip(uids, map(truth, numbers), strict=True)))
    set_params(folder, {"monitoring": {"drift": {"reference_studies": 40}}})
    signed = call("commission", SITE, *days, "--reviewed", reviewed, "--because", "as usual")
    assert signed.exit_code == 0 and "45 of 45 reviewed films (100.0%" in signed.output, signed.output


def test_as_many_films_of_a_window_are_drawn_as_a_reference_needs(folder: Path) -> None:
    done = call("predictions", "sample", SITE, "--since", night_of(folder), "--until", night_of(folder))
    assert "30 films of 30 drawn" in done.output, done.output


def test_labels_that_somebody_filled_in_are_not_written_over(folder: Path) -> None:
    asked = ("predictions", "sample", SITE, "--night", night_of(folder))
    call(*asked)
    sheet = folder / f"private/sample-{SITE}-{night_of(folder)}.csv"
    filled = sheet.read_text().replace(",\n", ",spine\n")
    sheet.write_text(filled)
    done = call(*asked)
    assert done.exit_code == 1 and "holds 12 labels already: hand it to `dicom-router feedback`" in str(done.exception)
    assert sheet.read_text() == filled


def test_where_there_is_nothing_to_draw_no_table_is_left(folder: Path) -> None:
    done = call("predictions", "sample", SITE, "--night", "2020-01-01")
    assert done.exit_code == 1 and f"no film of {SITE} that came on 2020-01-01 has an answer" in str(done.exception)
    assert not (folder / "private").exists()


@pytest.mark.parametrize(("labels", "options"), [({"9.9.9": "spine"}, ()), ({"1.2.3.1": "spine"}, ("--site", "gone"))])
def test_a_table_of_which_nothing_was_taken_is_an_error(
    folder: Path, labels: dict[str, str], options: tuple[str, ...]
) -> None:
    done = call("feedback", table(folder / "films.csv", "SOPInstanceUID", labels), *options)
    assert done.exit_code == 1 and "no label was taken; 1 of its films were looked for" in str(done.exception)


def test_a_night_that_has_not_come_is_refused(folder: Path, good: Path) -> None:
    done = call("drift", "--night", "2999-01-01", "--model", str(good / "artifacts/model"))
    assert done.exit_code == 1 and "--night 2999-01-01 has not come yet: today is" in str(done.exception)
    assert not (folder / "reports/drift/2999-01-01").exists()


def test_days_that_have_not_come_are_refused(folder: Path) -> None:
    done = call(
        "feedback", table(folder / "films.csv", "SOPInstanceUID", {"1.2.3.1": "spine"}), "--since", "2999-01-01"
    )
    assert done.exit_code == 1 and "--since 2999-01-01 has not come yet: today is" in str(done.exception)
    assert rows(folder, table="feedback") == []


@pytest.mark.parametrize("days", [(), ("--since", "2026-01-01"), ("--night", "2026-01-01", "--films", "3")])
def test_a_draw_is_of_a_night_or_of_a_window(folder: Path, days: tuple[str, ...]) -> None:
    done = call("predictions", "sample", SITE, *days)
    assert done.exit_code == 2 and "name a night by --night; or a window by --since and --until" in done.output


def test_each_night_it_is_said_which_films_wait_for_a_person(folder: Path, inbox: Path, asking: Asking) -> None:
    deliver_many(inbox, 8, first=100)
    run(asking(), timedelta(days=-1))
    call("predictions", "sample", SITE, "--night", night_of(folder))
    with (folder / f"private/sample-{SITE}-{night_of(folder)}.csv").open() as file:
        labels = {film["SOPInstanceUID"]: "spine" for film in list(csv.DictReader(file))[:5]}
    call("feedback", table(folder / "some.csv", "SOPInstanceUID", labels))
    with opened_to_read(f"sqlite:///{folder}/log.sqlite") as log:
        night = datetime.fromisoformat(night_of(folder)).date()
        (found,) = audits(log, night, 12, 7, "UTC")
        assert audits(log, night, 0, 7, "UTC") == []
        (later,) = audits(log, night + timedelta(days=1), 12, 7, "UTC")
    assert (found.drawn, found.waiting, found.asked) == (12, 12 + 8 - 5, 12 + 8)
    assert (later.drawn, later.waiting) == (0, 15)


def test_labels_are_kept_by_pseudonym_and_a_later_one_takes_the_place_of_an_earlier(folder: Path) -> None:
    first = call(
        "feedback", table(folder / "a.csv", "SOPInstanceUID", {"1.2.3.3": "spine", "1.2.3.4": "", "9.9": "other"})
    )
    assert "1 rows of" in first.output and "have no label yet: fill in one of abdomen" in first.output
    assert "1 films got a label" in first.output and "1 names that the prediction log does not have" in first.output
    again = call("feedback", table(folder / "b.csv", "SOPInstanceUID", {"1.2.3.3": "other", "1.2.3.4": "other"}))
    assert "1 films got a label" in again.output and "1 films got another label" in again.output
    kept = rows(folder, "image, label", "feedback")
    named = {row[0]: row[1] for row in rows(folder, "instance, image")}
    uid = Pseudonyms(KEY).uid
    assert dict(kept) == {named[uid("1.2.3.3")]: "other", named[uid("1.2.3.4")]: "other"}
    assert b"1.2.3.3" not in (folder / "log.sqlite").read_bytes()


def test_an_accession_number_labels_its_films_unless_they_show_several_things(
    folder: Path, inbox: Path, asking: Asking
) -> None:
    for number, label, accession in [(70, 3, "A1"), (71, 3, "A1"), (72, 0, "A2"), (73, 3, "A2")]:
        deliver(inbox / SITE / f"{number}.dcm", number, label, AccessionNumber=accession)
    run(asking(), timedelta(minutes=2))
    said = call("feedback", table(folder / "a.csv", "AccessionNumber", {"A1": "spine", "A2": "spine", "A3": "spine"}))
    assert "2 films got a label" in said.output, said.output
    assert "1 names that" in said.output and "1 accession numbers whose films show several things" in said.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("film,label\n1,spine\n", "label, and one of SOPInstanceUID, image, AccessionNumber"),
        ("SOPInstanceUID,label\n1.2,knee\n", "line 2: unknown label 'knee'"),
    ],
)
def test_a_table_that_cannot_be_taken_is_told(folder: Path, content: str, said: str) -> None:
    (folder / "a.csv").write_text(content)
    done = call("feedback", "a.csv")
    assert done.exit_code != 0 and said in str(done.exception)
    assert rows(folder, "image", "feedback") == []


def test_without_a_log_there_is_nothing_to_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DICOM_ROUTER_PREDICTION_LOG", f"sqlite:///{tmp_path}/log.sqlite")
    monkeypatch.setenv("DICOM_ROUTER_PSEUDONYM_KEY", KEY)
    done = call("feedback", table(tmp_path / "a.csv", "SOPInstanceUID", {"1.2": "spine"}))
    assert "there is no prediction log yet" in str(done.exception)


def test_a_draw_is_even_and_has_nothing_to_do_with_the_names() -> None:
    names = [f"{number:020x}" for number in range(200)]
    often = np.zeros(len(names))
    for turn in range(200):
        chosen = set(first_of((name + str(turn) for name in names), 50))
        often += [name + str(turn) in chosen for name in names]
    assert often.min() / 200 > 0.1 and often.max() / 200 < 0.4 and abs(often[:100].mean() - 50) < 5


def test_corrections_of_what_was_flagged_do_not_make_the_model_worse_than_it_is(folder: Path, version: str) -> None:
    """A model that is right in 90% of the films; people correct all that is wrong, and look at what was drawn."""
    images = [row[0] for row in rows(folder, "image")]
    answers = dict(rows(folder, "image, label"))
    wrong = set(images[::10])
    with opened_to_read(f"sqlite:///{folder}/log.sqlite") as log:
        night = datetime.fromisoformat(night_of(folder)).date()
        chosen = drawn(log, SITE, Period.of_days(night, night, "UTC"), 30)
        labels = {image: answers[image] for image in chosen} | {
            image: next(name for name in CLASSES if name != answers[image]) for image in wrong
        }
        given = {"site": SITE, "given": datetime.now(UTC)}
        log.replace(FEEDBACK, [{"image": i, "label": labels[i], "drawn": i in chosen, **given} for i in labels])
        found = performance(log, SITE, version, Period.of_days(night, None, "UTC"), "UTC", SETTINGS)
    naive = 1 - len(wrong) / len(labels)
    assert found.accuracy.value is not None and found.accuracy.low is not None and found.accuracy.high is not None
    assert found.accuracy.low <= 0.9 <= found.accuracy.high
    assert found.accuracy.value == pytest.approx(1 - len(wrong & chosen) / len(chosen))
    assert found.accuracy.value > naive and found.corrected == found.others == len(wrong - chosen)


def test_each_drawn_film_stands_for_its_nights(folder: Path, inbox: Path, asking: Asking, version: str) -> None:
    """A night of sixty films, all right, and one of five, all wrong, with five labels each: 60 of 65, not half."""
    run_later = timedelta(days=-40)
    deliver_many(inbox, 5, first=100)
    run(asking(), run_later)
    with opened_to_read(f"sqlite:///{folder}/log.sqlite") as log:
        answers = {row["image"]: row for row in _answers(folder)}
        small = [image for image, row in answers.items() if row["night"] != night_of(folder)]
        large = [image for image, row in answers.items() if row["night"] == night_of(folder)][:5]
        assert len(small) == 5
        other = {image: next(name for name in CLASSES if name != answers[image]["label"]) for image in small}
        labels = {image: answers[image]["label"] for image in large} | other
        given = {"site": SITE, "given": datetime.now(UTC), "drawn": True}
        log.replace(FEEDBACK, [{"image": i, "label": labels[i], **given} for i in labels])
        everything = Period.of_days(TODAY - timedelta(days=60), None, "UTC")
        found = performance(log, SITE, version, everything, "UTC", SETTINGS)
    assert found.accuracy.value == pytest.approx(60 / 65)


def _answers(folder: Path) -> list[dict[str, str]]:
    return [{"image": i, "label": label, "night": r[:10]} for i, label, r in rows(folder, "image, label, received")]
