"""What people's labels say of champion and challenger on the same films."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT
from monitoring.conftest import Asking
from monitoring.delivering import KEY, SITE, deliver_many, rows, run
from small_project import set_params

from dicom_router import cli
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Facts
from dicom_router.monitoring.feedback.paired import Paired, paired
from dicom_router.monitoring.log.records import opened_to_read
from dicom_router.monitoring.log.tables import FEEDBACK
from dicom_router.monitoring.periods import Period

FILMS = 60
SETTINGS = Bootstrap(resamples=500, confidence=0.95, minimum_patients=10, seed=1)
EVERYTHING = Period.of_days(datetime.now(UTC).date() - timedelta(days=60), None, "UTC")


@pytest.fixture
def models(good: Path, blind: Path) -> tuple[str, str]:
    """Return the versions of a champion that is always right, and of a challenger that is wrong about spines."""
    one, two = (Facts.read(project / "artifacts/model").version for project in (good, blind))
    return one, two


@pytest.fixture
def folder(tmp_path: Path, inbox: Path, asking: Asking, blind: Path) -> Path:
    """Return a folder whose log has sixty films of one night, answered by both."""
    deliver_many(inbox, FILMS)
    run(asking(challenger=str(blind / "artifacts/model")), timedelta(minutes=2))
    return tmp_path


def answered(folder: Path, model: str) -> dict[str, str]:
    """Return what a model said of each image."""
    return {image: label for image, version, label in rows(folder, "image, model, label") if version == model}


def labelled(folder: Path, truth: dict[str, str], images: Iterable[str], drawn: bool = True) -> None:
    """Give films the label that they have."""
    given = {"site": SITE, "drawn": drawn, "given": datetime.now(UTC)}
    with opened_to_read(f"sqlite:///{folder}/log.sqlite") as log:
        log.replace(FEEDBACK, [{"image": image, "label": truth[image], **given} for image in images])


def compared(folder: Path, models: tuple[str, str], settings: Bootstrap = SETTINGS) -> Paired:
    with opened_to_read(f"sqlite:///{folder}/log.sqlite") as log:
        return paired(log, *models, EVERYTHING, "UTC", settings, SITE)


def test_the_difference_is_that_of_the_films_on_which_they_differ(folder: Path, models: tuple[str, str]) -> None:
    truth = answered(folder, models[0])
    labelled(folder, truth, truth)
    found = compared(folder, models)
    assert (found.films, found.drawn, found.patients) == (FILMS, FILMS, FILMS // 2)
    assert found.accuracy.value == pytest.approx(-1 / len(CLASSES))
    assert found.accuracy.low is not None and found.accuracy.high is not None
    assert -0.4 < found.accuracy.low < -0.2 < found.accuracy.high < 0
    assert found.meaning == "the challenger is right less often"
    other_way = compared(folder, (models[1], models[0]))
    assert other_way.accuracy.value == pytest.approx(1 / len(CLASSES))
    assert other_way.meaning == "the challenger is right more often"


def test_what_is_wrong_is_counted_among_the_routed(folder: Path, models: tuple[str, str]) -> None:
    truth = answered(folder, models[0])
    labelled(folder, truth, truth)
    found = compared(folder, models)
    of_challenger = [row[1:] for row in rows(folder, "model, image, label, decision") if row[0] == models[1]]
    routed = [truth[image] == label for image, label, decision in of_challenger if decision == "route"]
    assert routed and found.wrong_second.value == pytest.approx(1 - sum(routed) / len(routed))
    assert found.wrong_first.value == 0 and found.wrong.value == found.wrong_second.value


def test_each_drawn_film_stands_for_those_of_its_night(
    folder: Path, inbox: Path, asking: Asking, blind: Path, models: tuple[str, str]
) -> None:
    """Of sixty films five labels without a spine, of five films all, of which one is: one of 65, not of ten."""
    first = answered(folder, models[0])
    deliver_many(inbox, 5, first=100)
    run(asking(challenger=str(blind / "artifacts/model")), timedelta(days=-40))
    truth = answered(folder, models[0])
    labelled(folder, truth, [image for image in first if first[image] != "spine"][:5])
    labelled(folder, truth, truth.keys() - first.keys())
    found = compared(folder, models)
    assert found.drawn == 10 and found.accuracy.value == pytest.approx(-1 / 65)


def test_too_few_patients_give_no_interval_and_no_conclusion(folder: Path, models: tuple[str, str]) -> None:
    truth = answered(folder, models[0])
    labelled(folder, truth, truth)
    found = compared(folder, models, replace(SETTINGS, minimum_patients=31))
    assert found.accuracy.low is None and found.meaning == "nothing can be concluded from it yet"
    assert "no interval: 30 patients, fewer than 31" in found.sentences[0]


def test_films_that_were_not_drawn_say_nothing(folder: Path, models: tuple[str, str]) -> None:
    truth = answered(folder, models[0])
    labelled(folder, truth, truth, drawn=False)
    assert compared(folder, models).sentences == (
        "no film that both answered was drawn and labelled: nobody knows which is right",
    )


def test_feedback_tells_it_beneath_the_performance(
    folder: Path, inbox: Path, models: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    set_params(folder, {"monitoring": {"inbox": str(inbox), "drawn_films": FILMS}})
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DICOM_ROUTER_PREDICTION_LOG", f"sqlite:///{folder}/log.sqlite")
    monkeypatch.setenv("DICOM_ROUTER_PSEUDONYM_KEY", KEY)
    truth = answered(folder, models[0])
    (folder / "labels.csv").write_text("\n".join(["image,label", *(f"{image},{truth[image]}" for image in truth)]))
    said = CliRunner().invoke(cli.group, ["feedback", "labels.csv"])
    assert said.exit_code == 0, said.output
    assert "accuracy, challenger minus champion: -0.200 (" in said.output
    assert "the challenger is right less often" in said.output
