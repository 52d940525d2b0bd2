"""Which version may be called challenger."""

import json
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow_server import Server
from registry.painted_project import FIRST, write_project
from registry.registered import judged

from dicom_router.evaluation.estimates import NO_SPREAD, Estimate
from dicom_router.params import Gate
from dicom_router.registry.champion import CHALLENGER, CHAMPION
from dicom_router.registry.checks import check_champion, check_external, check_recall, check_score
from dicom_router.registry.server import MODEL

GATE = Gate(minimum_patients=10, recall=0.5, margin=0.03, log_loss=0.6, brier=0.3, external_accuracy=0.6)
GOOD = {"value": 0.9, "low": 0.7, "high": 0.95, "trials": 20.0}


@pytest.mark.parametrize(
    ("patients", "low", "passed"),
    [(10, 0.5, True), (10, 0.499, False), (9, 0.9, False), (0, None, False)],
    ids=["on the floor", "below the floor", "too few patients", "no patient"],
)
def test_recall_is_judged_by_its_lower_end_and_on_enough_patients(
    patients: int, low: float | None, passed: bool
) -> None:
    value = None if low is None else 0.95
    figures = {"patients": patients, "recall_exact": {"value": value, "low": low, "high": 1.0, "trials": 20.0}}
    assert check_recall("spine", figures, GATE).passed == passed


@pytest.mark.parametrize(
    ("value", "high", "passed"),
    [(0.4, 0.6, True), (0.4, 0.61, False), (0.6, None, True), (0.7, None, False), (None, None, False)],
)
def test_a_score_is_judged_by_its_upper_end(value: float | None, high: float | None, passed: bool) -> None:
    figure = {"value": value, "low": None if high is None else 0.1, "high": high, "reason": "made up"}
    assert check_score("log_loss", figure, 0.6).passed == passed


@pytest.mark.parametrize(
    ("n", "low", "passed"), [(100, 0.6, True), (100, 0.59, False), (0, None, True)], ids=["enough", "too few", "none"]
)
def test_external_films_veto_and_their_absence_is_said(n: int, low: float | None, passed: bool) -> None:
    check = check_external({"n": n, "patients": n, "accuracy_exact": GOOD | {"low": low}}, GATE)
    assert check.passed == passed
    assert ("there is no external film" in check.line) == (n == 0)


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        (Estimate(0.0, -0.029, 0.03), True),
        (Estimate(0.0, -0.03, 0.03), False),
        (Estimate(0.2, 0.1, 0.3), True),
        (Estimate(0.0, reason=NO_SPREAD), True),
        (Estimate(-0.2, reason=NO_SPREAD), False),
        (Estimate(0.1, reason="12 patients, fewer than 20"), False),
        (Estimate.undefined("no test film is unknown to both"), False),
    ],
)
def test_a_version_may_not_be_inferior_to_the_champion(change: Estimate, passed: bool) -> None:
    assert check_champion("3", change, 100, GATE).passed == passed


def alias(client: MlflowClient, name: str) -> str | None:
    return client.get_registered_model(MODEL).aliases.get(name)


def test_a_version_that_passes_is_challenger_and_says_why(client: MlflowClient, good: Path) -> None:
    number, verdict = judged(good)
    version = client.get_model_version(MODEL, number)
    assert verdict.passed, verdict.lines
    assert alias(client, CHALLENGER) == number
    assert alias(client, CHAMPION) is None
    assert version.tags["gate.passed"] == "true"
    assert json.loads(version.tags["gate.recall.spine"])["passed"] is True
    assert json.loads(version.tags["gate.asked"])["recall"] == 0.5
    text = version.description or ""
    assert len(text) <= 5000
    for part in (
        "The gate: passed",
        "recall",
        "Trained on synthetic images",
        "Intended use",
        "External: 100",
        "Limits",
    ):
        assert part in text


def test_a_version_that_fails_is_registered_marked_and_says_why(client: MlflowClient, bad: Path) -> None:
    number, verdict = judged(bad)
    version = client.get_model_version(MODEL, number)
    assert not verdict.passed
    assert any(line.startswith("FAILED: spine: recall 0.0") for line in verdict.lines)
    assert version.tags["gate.passed"] == "false"
    assert "recall.spine" in version.tags["gate.failed"].split(",")
    assert "Do not promote this version" in (version.description or "")
    assert alias(client, CHALLENGER) is None


def test_a_worse_version_is_held_against_the_champion_on_films_that_neither_learnt_from(
    client: MlflowClient, good: Path, bad: Path
) -> None:
    first, _ = judged(good)
    client.set_registered_model_alias(MODEL, CHAMPION, first)
    second, verdict = judged(bad)
    compared = json.loads(client.get_model_version(MODEL, second).tags["gate.champion"])
    assert compared["passed"] is False
    assert float(compared["value"]) < -0.1
    assert (compared["version"], compared["images"]) == (first, "120")
    assert alias(client, CHALLENGER) == first
    assert any("test films that neither learnt from" in line for line in verdict.lines)


def test_a_better_version_passes_beside_a_champion_that_fails_alone(
    client: MlflowClient, good: Path, bad: Path
) -> None:
    first, _ = judged(bad)
    client.set_registered_model_alias(MODEL, CHAMPION, first)
    second, verdict = judged(good)
    assert verdict.passed, verdict.lines
    assert alias(client, CHALLENGER) == second


def test_films_and_patients_that_the_champion_learnt_from_are_left_out(
    client: MlflowClient, good: Path, tmp_path: Path
) -> None:
    shifted = write_project(tmp_path / "shifted", first=FIRST - 40)  # whose first 40 test films the champion trained on
    first, _ = judged(good)
    client.set_registered_model_alias(MODEL, CHAMPION, first)
    second, verdict = judged(shifted)
    compared = json.loads(client.get_model_version(MODEL, second).tags["gate.champion"])
    films = pd.read_parquet(shifted / "artifacts/splits.parquet")
    known = films[(films["split"] == "test") & (films["patient_id"] < f"P{(FIRST + 70) // 2:05d}")]
    assert compared["images"] == str(120 - len(known))
    assert any(f"left out: {len(known)} that it learnt from" in line for line in verdict.lines)


def test_judging_again_changes_nothing_and_challenger_never_goes_back(
    client: MlflowClient, good: Path, newer: Path
) -> None:
    first, before = judged(good)
    second, _ = judged(newer)
    assert (second, alias(client, CHALLENGER)) == ("2", "2")
    again, after = judged(good)
    assert (again, after) == (first, before)
    assert alias(client, CHALLENGER) == second


def test_a_champion_that_failed_its_gate_keeps_its_mark_when_its_run_is_repeated(
    client: MlflowClient, bad: Path
) -> None:
    number, before = judged(bad)
    client.set_registered_model_alias(MODEL, CHAMPION, number)
    tags = client.get_model_version(MODEL, number).tags
    assert judged(bad) == (number, before)
    assert client.get_model_version(MODEL, number).tags == tags


def test_an_earlier_champion_keeps_its_verdict_beside_a_later_one(client: MlflowClient, good: Path, bad: Path) -> None:
    first, before = judged(bad)
    second, _ = judged(good)
    client.set_registered_model_alias(MODEL, CHAMPION, second)
    assert judged(bad) == (first, before)


def test_a_champion_whose_files_are_gone_fails_a_version_for_now(
    client: MlflowClient, server: Server, good: Path, newer: Path
) -> None:
    first, _ = judged(good)
    client.set_registered_model_alias(MODEL, CHAMPION, first)
    run = client.get_model_version(MODEL, first).run_id
    (folder,) = (server.folder / "artifacts").glob(f"*/{run}/artifacts/model")
    folder.rename(folder.with_name("away"))
    _, verdict = judged(newer)
    assert any(f"FAILED: champion {first} cannot be fetched" in line for line in verdict.lines)
    folder.with_name("away").rename(folder)
    _, verdict = judged(newer)
    assert verdict.passed, verdict.lines
