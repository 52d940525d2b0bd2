"""ROC, precision-recall and reliability curves."""

import numpy as np
import pytest
from evaluation.made_up import certain, made_up_table
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from dicom_router.evaluation.curves import (
    POINTS,
    average_precision,
    operating_points,
    pr_table,
    reliability_table,
    roc_auc,
    roc_table,
    thinned,
)
from dicom_router.evaluation.predictions import Predictions
from dicom_router.labels import CLASSES


def scores(seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    positive = generator.random(200) < 0.3
    score = generator.normal(size=200) + positive
    return positive, np.round(score, 1) if ties else score


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_areas_agree_with_scikit_learn(seed: int, ties: bool) -> None:
    positive, score = scores(seed, ties)
    assert roc_auc(positive, score) == pytest.approx(roc_auc_score(positive, score))
    assert average_precision(positive, score) == pytest.approx(average_precision_score(positive, score))


def test_the_operating_points_are_those_of_scikit_learn() -> None:
    positive, score = scores(0, ties=True)
    true, false = operating_points(positive, score)
    theirs_false, theirs_true, _ = roc_curve(positive, score, drop_intermediate=False)
    assert_allclose(np.append(0, true) / true[-1], theirs_true)
    assert_allclose(np.append(0, false) / false[-1], theirs_false)


@pytest.mark.parametrize("positive", [[], [True, True], [False, False]])
def test_one_sided_sets_have_no_roc_area(positive: list[bool]) -> None:
    assert roc_auc(np.array(positive, bool), np.arange(len(positive), dtype=float)) is None


def test_no_positive_has_no_average_precision() -> None:
    assert average_precision(np.array([False]), np.array([0.5])) is None


@example_settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60))
def test_thinning_keeps_the_ends_and_the_bends(steps: list[tuple[int, int]]) -> None:
    x, y = np.cumsum(steps, axis=0).T.astype(float)
    kept = thinned(x, y)
    assert kept[0] == 0 and kept[-1] == len(x) - 1
    along = np.unique(x)
    if len(along) == len(x):
        assert_allclose(np.interp(x, x[kept], y[kept]), y)


def test_thinned_curves_are_short() -> None:
    angle = np.linspace(0, np.pi / 2, 5000)
    kept = thinned(1 - np.cos(angle), np.sin(angle))
    assert len(kept) <= POINTS
    assert kept[0] == 0 and kept[-1] == 4999


def test_curves_name_only_classes_with_images() -> None:
    predictions = certain([0, 1, 1, 0], [0, 1, 0, 0])
    assert set(roc_table(predictions)["class"]) == set(pr_table(predictions)["class"]) == {"abdomen", "adult_chest"}


def test_roc_runs_from_corner_to_corner() -> None:
    table = roc_table(Predictions.from_table(made_up_table(sharpness=1.0)))
    for name in CLASSES:
        curve = table[table["class"] == name].drop(columns="class").to_numpy()
        assert_allclose([curve[0], curve[-1]], [[0, 0], [1, 1]])
        assert (np.diff(curve, axis=0) >= 0).all()


def test_reliability_counts_every_image_before_and_after() -> None:
    predictions = Predictions.from_table(made_up_table())
    table = reliability_table(predictions, predictions)
    assert table.groupby("calibration")["n"].sum().to_dict() == {"before": 600, "after": 600}
    assert ((table["confidence"] > table["lower"]) & (table["confidence"] <= table["upper"])).all()


def test_no_image_gives_tables_without_rows() -> None:
    nothing = certain([], [])
    assert [len(table) for table in (roc_table(nothing), pr_table(nothing), reliability_table(nothing, nothing))] == [
        0,
        0,
        0,
    ]
