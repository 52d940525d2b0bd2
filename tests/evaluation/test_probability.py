"""Log-loss, Brier score and expected calibration error."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import brier_score_loss, log_loss

from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.probability import bin_numbers, brier_scores, image_terms, log_losses, probability_figures

LABELS = np.array([0, 1, 1])
PROBABILITIES = np.array([[0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])


def figures_of(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    predictions = Predictions(labels, probabilities, np.arange(len(labels)))
    sums = image_terms(predictions).sum(axis=0)
    return {name: float(value) for name, value in probability_figures(sums).items()}


def test_log_loss_of_each_image_is_minus_the_logarithm_of_the_true_class() -> None:
    assert_allclose(log_losses(LABELS, PROBABILITIES), -np.log([0.8, 0.6, 0.3]))


def test_an_impossible_truth_has_a_finite_log_loss() -> None:
    assert_allclose(log_losses(np.array([0]), np.array([[0.0, 1.0]])), 52 * np.log(2))


def test_brier_score_sums_over_classes_and_reaches_two() -> None:
    assert_allclose(brier_scores(LABELS, PROBABILITIES), [0.08, 0.32, 0.98])
    assert_allclose(brier_scores(np.array([0]), np.array([[0.0, 1.0]])), [2.0])


def test_calibration_error_is_the_gap_in_each_bin_weighted_by_its_images() -> None:
    # Confidences 0.8 right, 0.6 right, 0.7 wrong, each alone in its bin.
    assert_allclose(figures_of(LABELS, PROBABILITIES)["ece"], (0.2 + 0.4 + 0.7) / 3)


def test_images_of_one_bin_make_up_for_each_other() -> None:
    labels, probabilities = np.array([0, 1]), np.array([[0.51, 0.49], [0.52, 0.48]])
    assert_allclose(figures_of(labels, probabilities)["ece"], abs(0.515 - 0.5))


@pytest.mark.parametrize(("confidence", "number"), [(0.0, 0), (1 / 15, 0), (0.0667, 1), (0.5, 7), (1.0, 14)])
def test_a_bin_holds_its_upper_bound(confidence: float, number: int) -> None:
    assert_array_equal(bin_numbers(np.array([confidence])), [number])


def test_scores_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(5), 300)
    labels = generator.integers(0, 5, 300)
    figures = figures_of(labels, probabilities)
    assert_allclose(figures["log_loss"], log_loss(labels, probabilities, labels=range(5)))
    assert_allclose(figures["brier"], brier_score_loss(labels, probabilities, labels=range(5), scale_by_half=False))


def test_no_image_has_no_figure() -> None:
    figures = figures_of(np.empty(0, np.int64), np.empty((0, 5)))
    assert all(np.isnan(value) for value in figures.values())
