"""What routing by the rule comes to."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluation.made_up import made_up_table, with_made_up_decisions, write_artifacts
from model.rules import thresholds

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.routing import RISK, risk_table, routing_document
from dicom_router.evaluation.scoring import score_split
from dicom_router.evaluation.writing import write_routing
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Guarantee, guarantee_of

GUARANTEE = guarantee_of({"thresholds": thresholds()})


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return with_made_up_decisions(made_up_table(sharpness=2.0))


def small(
    decisions: str, right: str, patients: str = "", label: str = "spine", predicted: str = "spine"
) -> pd.DataFrame:
    """Return a table with one film for each letter: r routed, u unsure, o outlier; y right, n wrong; a patient."""
    n = len(decisions)
    return pd.DataFrame(
        {
            "path": [f"{number}.dcm" for number in range(n)],
            "patient_id": list(patients or map(str, range(n))),
            "label": label,
            "predicted": predicted,
            "correct": [each == "y" for each in right],
            "decision": ["route" if each == "r" else "review" for each in decisions],
            "reasons": [{"r": "", "u": "unsure", "o": "outlier"}[each] for each in decisions],
            "certainty": np.linspace(2, 1, n, dtype=np.float32),
        }
    )


def test_films_patients_and_reasons_are_counted(settings: Bootstrap) -> None:
    document = routing_document(small("rrruo", "ynynn", "aabbc"), GUARANTEE, settings)
    assert (document["n"], document["routed"], document["wrong"]) == (5, 3, 1)
    assert document["share_routed"]["value"] == 0.6
    assert document["error_among_routed"]["value"] == pytest.approx(1 / 3)
    patients = document["patients"]
    assert (patients["n"], patients["routed"], patients["wrong"], patients["error"]["value"]) == (3, 2, 1, 0.5)
    assert document["reasons"] == {"unsure": 1, "outlier": 1}
    assert document["outlier_share"]["value"] == 0.2


def test_errors_among_patients_have_the_exact_interval(settings: Bootstrap) -> None:
    error = routing_document(small("r" * 30, "y" * 30), GUARANTEE, settings)["patients"]["error"]
    assert (error["value"], error["low"]) == (0, 0)
    assert error["high"] == pytest.approx(1 - 0.025 ** (1 / 30))


def test_a_child_routed_as_an_adult_is_counted_and_one_sent_to_review_is_not(settings: Bootstrap) -> None:
    table = small("rru", "nnn", label="pediatric_chest", predicted="adult_chest")
    document = routing_document(table, GUARANTEE, settings)
    assert document["child_to_adult"] == 2
    assert document["classes"]["pediatric_chest"]["wrong"] == document["routed_as"]["adult_chest"]["wrong"] == 2


def test_classes_sum_to_the_whole(table: pd.DataFrame, settings: Bootstrap) -> None:
    document = routing_document(table, GUARANTEE, settings)
    for by in ("classes", "routed_as"):
        assert list(document[by]) == list(CLASSES)
        for figure in ("n", "routed", "wrong"):
            assert sum(each[figure] for each in document[by].values()) == document[figure]


def test_nothing_routed_leaves_the_error_undefined(settings: Bootstrap) -> None:
    document = routing_document(small("uu", "yn"), GUARANTEE, settings)
    assert document["error_among_routed"]["value"] is document["patients"]["error"]["value"] is None


def test_the_guarantee_and_its_sites_stand_in_the_report(settings: Bootstrap) -> None:
    guarantee = Guarantee(0.005, 0.95, 0.117, ("north",))
    said = routing_document(small("r", "y"), guarantee, settings)["guarantee"]
    assert said["statement"].endswith("certified only at 11.7% (asked for 0.50%)")
    assert (said["met"], said["sites"]) == (False, ["north"])


def test_the_curve_goes_from_the_surest_film_to_all_known_ones(table: pd.DataFrame, settings: Bootstrap) -> None:
    curve = risk_table(table, settings)
    known = (table["certainty"] > 0).mean()
    assert list(curve) == list(RISK) and len(curve) <= 100
    assert (np.diff(curve["share_routed"]) > 0).all() and (np.diff(curve["certainty"]) < 0).all()
    assert curve["share_routed"].iloc[-1] == pytest.approx(known)
    assert ((curve["low"] <= curve["error"]) & (curve["error"] <= curve["high"])).all()
    assert (curve["patient_error"] <= curve["patient_high"]).all()


def test_the_curve_passes_through_the_rule_in_use(table: pd.DataFrame, settings: Bootstrap) -> None:
    routed = table["decision"] == "route"
    curve = risk_table(table.nlargest(int(routed.sum()), "certainty"), settings)
    assert curve["error"].iloc[-1] == pytest.approx(1 - table["correct"][routed].mean())


def test_surer_films_are_more_often_right(table: pd.DataFrame, settings: Bootstrap) -> None:
    error = risk_table(table, settings)["error"]
    assert error.iloc[len(error) // 2] < error.iloc[-1]


@pytest.mark.parametrize("rows", [0, 1])
def test_next_to_no_film_gives_a_document_and_a_curve(rows: int, settings: Bootstrap, tmp_path: Path) -> None:
    few = with_made_up_decisions(made_up_table().head(rows))
    assert routing_document(few, GUARANTEE, settings)["n"] == rows
    write_routing(tmp_path, "test", few, settings)
    assert pd.read_csv(tmp_path / "test/risk.csv").columns.tolist() == list(RISK)


def test_scored_films_have_decisions(tmp_path: Path) -> None:
    write_artifacts(tmp_path, test=40, external=0)
    table = score_split(tmp_path, "test", threads=1).table
    assert set(table["decision"]) <= {"route", "review"}
    assert ((table["decision"] == "review") == (table["reasons"] != "")).all()
    assert ((table["certainty"] >= 2.5 * (1 - 1e-6)) == (table["decision"] == "route")).all()
