"""Figures in words, and the sentences at the top of the page."""

from typing import Any

import pandas as pd
import pytest
from evaluation.made_up import certain, made_up_table

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.difference import difference
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.predictions import Predictions, Scored, predictions_table
from dicom_router.labels import CLASSES
from dicom_router.report import verdict, wording


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, wording.DASH), (0.0, "0%"), (1.0, "100%"), (0.9999, "99.9%"), (0.00001, "0.1%"), (0.5, "50.0%")],
)
def test_only_all_is_a_hundred_percent_and_only_none_is_zero(value: float | None, words: str) -> None:
    assert wording.percent(value) == words


def test_a_loss_has_a_true_minus_sign() -> None:
    assert wording.signed(-0.0123) == f"{wording.MINUS}0.012"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("3 patients, fewer than 20", "few patients"),
        ("no interval: every resample gives the same figure", "no spread"),
        ("no image", "no film"),
        ("one class only", "one class only"),
    ],
)
def test_reasons_are_brief_in_tables(reason: str, words: str) -> None:
    assert wording.interval({"low": None, "high": None, "reason": reason}) == words


@pytest.mark.parametrize(("n", "words"), [(0, "0 films"), (1, "1 film"), (1234, "1,234 films")])
def test_counts_have_a_plural(n: int, words: str) -> None:
    assert wording.count(n, "film") == words


def pair(settings: Bootstrap, external: float, n: int = 400) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return test and external documents; ``external`` says how sharp the external predictions are."""
    tables = made_up_table(400, sharpness=3.0), made_up_table(n, sharpness=external, seed=1)
    sets = [Predictions.from_table(table) for table in tables]
    documents = [
        evaluation_document(Scored(table, own, synthetic=False), settings)
        for table, own in zip(tables, sets, strict=True)
    ]
    documents[1]["difference"] = difference(sets[1], sets[0], settings)
    return documents[0], documents[1]


def test_a_loss_elsewhere_is_told_with_its_interval(settings: Bootstrap) -> None:
    sentence = verdict.sentences(*pair(settings, external=1.5), synthetic=False)[1]
    assert "points less (" in sentence and "chance" not in sentence


def test_a_difference_that_may_be_chance_is_called_so(settings: Bootstrap) -> None:
    assert "which may be chance" in verdict.sentences(*pair(settings, external=3.0), synthetic=False)[1]


def test_no_external_film_is_said(settings: Bootstrap) -> None:
    sentences = verdict.sentences(*pair(settings, external=3.0, n=0), synthetic=False)
    assert sentences[1] == "No external film was given: how it does in another hospital is not known."


def test_synthetic_films_are_called_so(settings: Bootstrap) -> None:
    test, external = pair(settings, external=3.0)
    assert "synthetic" in verdict.sentences(test, external, synthetic=True)[0]
    assert "synthetic" not in verdict.sentences(test, external, synthetic=False)[0]


def test_the_most_frequent_mistake_is_the_largest_cell_off_the_diagonal() -> None:
    matrix = [[9, 0, 0, 0, 0], [0, 9, 1, 0, 0], [0, 4, 9, 0, 0], [0, 0, 0, 9, 4], [0, 0, 0, 0, 9]]
    assert verdict.most_frequent_mistake(matrix) == ("pediatric_chest", "adult_chest", 4)
    assert verdict.most_frequent_mistake([[1, 0, 0, 0, 0]] + [[0] * 5] * 4) is None


def test_a_perfect_set_is_told_with_the_exact_interval(settings: Bootstrap) -> None:
    predictions = certain([0, 1, 2, 3, 4] * 10, [0, 1, 2, 3, 4] * 10)
    paths = [f"{number:02d}" for number in range(50)]
    index = pd.DataFrame({"path": paths, "patient_id": paths, "label": list(CLASSES) * 10})
    table = predictions_table(index, predictions.probabilities)
    perfect = evaluation_document(Scored(table, predictions, synthetic=False), settings)
    _, external = pair(settings, external=3.0, n=0)
    sentence = verdict.sentences(perfect, external, synthetic=False)[0]
    assert "100% in the right group (95% interval 92.9% to 100%)" in sentence
