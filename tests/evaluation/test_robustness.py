"""What becomes of films that arrive otherwise: figures, metrics, sentences."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from evaluation.made_up import made_up_table, with_made_up_decisions, write_artifacts
from model.films import write_film
from small_project import set_params

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.perturbations import PERTURBATIONS
from dicom_router.evaluation.perturbing import WAYS
from dicom_router.evaluation.predictions import PROBABILITIES
from dicom_router.evaluation.robustness import choose_films, metrics, one_line, robustness_document, shown_film
from dicom_router.labels import CLASSES
from dicom_router.report.robustness import sentence
from dicom_router.stages import robustness

Tables = dict[str, pd.DataFrame]


@pytest.fixture
def tables() -> Tables:
    """Return the same films in every way: all right and routed, but for negatives."""
    table = with_made_up_decisions(made_up_table(100, patients=90), limit=1.0)
    table = table.assign(predicted=table["label"], correct=True, decision="route", reasons="")
    for name in CLASSES:
        table[f"p_{name}"] = (table["label"] == name).astype(np.float32)
    return {way.name: table for way in WAYS}


def with_errors(table: pd.DataFrame, wrong: int, reviewed: int) -> pd.DataFrame:
    """Return ``table`` with the first films read wrongly, the first of those sent to review as outliers."""
    films = np.arange(len(table))
    changed = table.copy()
    probabilities = list(PROBABILITIES)
    changed.loc[films < wrong, probabilities] = np.roll(table[probabilities].to_numpy()[:wrong], 1, axis=1)
    names = changed[probabilities].idxmax(axis=1).str.removeprefix("p_")
    sent = films < reviewed
    return changed.assign(
        predicted=names,
        correct=names == changed["label"],
        decision=np.where(sent, "review", "route"),
        reasons=np.where(sent, "unsure,outlier", ""),
    )


def test_a_film_is_safe_when_right_or_sent_to_review(tables: Tables, settings: Bootstrap) -> None:
    tables["inverted"] = with_errors(tables["inverted"], wrong=10, reviewed=4)
    way = robustness_document(tables, 100, 0.95, settings)["ways"]["inverted"]
    assert (way["n"], way["routed"], way["wrong"], way["labels_changed"]) == (100, 96, 6, 10)
    values = {name: way[name]["value"] for name in ("accuracy", "share_reviewed", "outlier_share", "safe")}
    assert values == {"accuracy": 0.9, "share_reviewed": 0.04, "outlier_share": 0.04, "safe": 0.94}
    assert way["error_among_routed"]["value"] == pytest.approx(6 / 96)
    assert way["safe"]["low"] < 0.94 < way["safe"]["high"]


@pytest.mark.parametrize(("wrong", "missed"), [(5, []), (6, ["mirrored"])])
def test_what_misses_the_target_is_named(tables: Tables, settings: Bootstrap, wrong: int, missed: list[str]) -> None:
    tables["mirrored"] = with_errors(tables["mirrored"], wrong, reviewed=0)
    document = robustness_document(tables, 100, 0.95, settings)
    assert document["missed"] == missed and document["worst"] == "mirrored"
    assert ("Fewer than 95.0% of the films" in sentence(document)) == bool(missed)
    assert "mirrored" in one_line(document) and ("under 95%" in one_line(document)) == bool(missed)


def test_untouched_films_are_beside_the_others_and_miss_nothing(tables: Tables, settings: Bootstrap) -> None:
    tables["untouched"] = with_errors(tables["untouched"], wrong=50, reviewed=0)
    document = robustness_document(tables, 100, 0.95, settings)
    assert list(document["ways"]) == ["untouched", *(way.name for way in PERTURBATIONS)]
    assert document["ways"]["untouched"]["held"] is False and document["missed"] == []


def test_metrics_are_the_values_alone(tables: Tables, settings: Bootstrap) -> None:
    found = metrics(robustness_document(tables, 100, 0.95, settings))
    assert found["collimated"] == {"accuracy": 1.0, "share_reviewed": 0.0, "error_among_routed": 0.0, "safe": 1.0}


def test_where_nothing_is_routed_nothing_is_praised(tables: Tables, settings: Bootstrap) -> None:
    reviewed = {name: with_errors(table, wrong=60, reviewed=100) for name, table in tables.items()}
    document = robustness_document(reviewed, 100, 0.95, settings)
    assert "shows nothing" in one_line(document) and "shows nothing" in sentence(document)
    assert "shows nothing" not in one_line(robustness_document(tables, 100, 0.95, settings))


def test_without_films_nothing_is_claimed(tables: Tables, settings: Bootstrap) -> None:
    empty = {name: table.iloc[:0] for name, table in tables.items()}
    document = robustness_document(empty, 0, 0.95, settings)
    assert document["worst"] is None and document["missed"] == [] and document["ways"]["inverted"]["held"] is None
    assert "no film" in one_line(document) and "not known" in sentence(document)
    assert shown_film(empty, None) is None


def test_the_film_shown_is_the_surest_that_the_worst_way_makes_unsafe(tables: Tables) -> None:
    tables["mirrored"] = with_errors(tables["mirrored"], wrong=10, reviewed=4)
    shown, other = shown_film(tables, "mirrored"), shown_film(tables, "inverted")
    assert shown is not None and other is not None
    certainty = tables["untouched"].set_index("path")["certainty"]
    assert shown["path"] == certainty.iloc[4:10].idxmax() and shown["unsafe_in"] == "mirrored"
    assert shown["ways"]["mirrored"]["decision"] == "route"
    assert other["path"] == certainty.idxmax() and other["unsafe_in"] is None


def test_films_of_the_patients_drawn_come_whole_and_in_order() -> None:
    index = made_up_table(100, patients=30)
    chosen = choose_films(index, most=7, seed=3)
    assert chosen["patient_id"].nunique() == 7
    assert chosen["path"].is_monotonic_increasing
    assert len(chosen) == index["patient_id"].isin(chosen["patient_id"]).sum()
    assert len(choose_films(index, most=1000, seed=3)) == 100


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return what the stage reads: the artifacts of a network that reads painted images, and 8 films."""
    write_artifacts(tmp_path / "artifacts", test=8, external=2)
    (tmp_path / "data/images").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(2, 10):
        pixels = random.integers(20, 200, (32, 32), dtype=np.uint8)
        write_film(tmp_path / f"data/images/{number:05d}.dcm", pixels, synthetic=True)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    set_params(tmp_path, {"robustness": {"jobs": 1}, "evaluate": {"resamples": 500}})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_stage_writes_the_same_bytes_every_time(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = []
    for _ in range(2):
        robustness.main()
        written.append({path.name: path.read_bytes() for path in (project / "reports").rglob("*") if path.is_file()})
        shutil.rmtree(project / "reports")
    assert written[0] == written[1]
    assert sorted(written[0]) == ["film.npy", "robustness.json", "robustness_metrics.json"]
    document = json.loads(written[0]["robustness.json"])
    assert (document["n"], document["test_films"], document["synthetic"]) == (8, 8, True)
    assert list(document["shown"]["ways"]) == [way.name for way in WAYS]
    assert capsys.readouterr().out.startswith("robustness: 8 films in 12 other ways")
