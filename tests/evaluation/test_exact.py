"""Exact binomial intervals."""

import numpy as np
import pytest
from evaluation.made_up import certain
from scipy.stats import binomtest

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.exact import clopper_pearson, effective_images
from dicom_router.evaluation.figures import exact_accuracy, exact_recall


@pytest.mark.parametrize(("right", "trials"), [(0, 7), (3, 7), (7, 7), (199, 200), (1, 1)])
def test_the_interval_is_that_of_scipy(right: int, trials: int) -> None:
    theirs = binomtest(right, trials).proportion_ci(0.95, method="exact")
    assert clopper_pearson(right / trials, trials, 0.95) == pytest.approx((theirs.low, theirs.high))


def test_a_perfect_score_of_n_has_the_lower_bound_known_by_heart() -> None:
    assert clopper_pearson(1.0, 30, 0.95) == pytest.approx((0.025 ** (1 / 30), 1.0))


def test_patients_with_one_image_each_are_worth_their_number() -> None:
    assert effective_images(np.arange(12)) == 12


def test_images_of_one_patient_are_worth_one() -> None:
    assert effective_images(np.zeros(12, np.int64)) == 1


def test_unequal_patients_are_worth_less_than_their_number() -> None:
    assert effective_images(np.array([0, 0, 0, 1])) == pytest.approx(16 / 10)


def test_recall_of_a_few_perfect_patients_has_an_exact_interval(settings: Bootstrap) -> None:
    figure = exact_recall(certain([0, 0, 0, 1], [0, 0, 0, 2], patients=[0, 0, 1, 2]), 0, settings)
    assert figure["value"] == 1 and figure["high"] == 1
    assert figure["trials"] == pytest.approx(9 / 5)
    assert figure["low"] == pytest.approx(0.025 ** (5 / 9))


def test_recall_without_images_is_undefined(settings: Bootstrap) -> None:
    assert exact_recall(certain([0], [0]), 3, settings)["reason"] == "no image"


def test_accuracy_counts_all_images(settings: Bootstrap) -> None:
    figure = exact_accuracy(certain([0, 1, 2, 3], [0, 1, 2, 4]), settings)
    assert (figure["value"], figure["trials"]) == (0.75, 4)
