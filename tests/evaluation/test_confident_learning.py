"""Confident learning on probabilities that a person can check by hand, and on planted errors."""

import numpy as np
import pytest

from dicom_router.evaluation.confident_learning import (
    confident_joint,
    expected_errors,
    likely_errors,
    normalised_margin,
    strongest_other,
    thresholds,
)

# Two classes of four images; the last image of class 0 looks like class 1.
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SURE_OF_1 = np.array([0.1, 0.2, 0.1, 0.9, 0.8, 0.8, 0.6, 0.8])
PROBABILITIES = np.stack([1 - SURE_OF_1, SURE_OF_1], axis=1)


def planted(seed: int, share: float = 0.05, n: int = 1000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels of which some are wrong, where, and the probabilities of a fair network."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, n)
    logits = rng.normal(size=(n, 5))
    logits[np.arange(n), truth] += 4
    wrong = rng.random(n) < share
    labels = np.where(wrong, (truth + rng.integers(1, 5, n)) % 5, truth)
    return labels, wrong, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_the_threshold_of_a_class_is_its_mean_probability_where_it_is_the_label() -> None:
    assert thresholds(LABELS, PROBABILITIES) == pytest.approx([0.675, 0.75])


def test_a_class_without_images_is_never_confident() -> None:
    three = np.column_stack([PROBABILITIES / 2, np.full(8, 0.5)])
    assert thresholds(LABELS, three)[2] == np.inf
    assert confident_joint(LABELS, three)[:, 2].tolist() == [0, 0, 0]


def test_the_joint_counts_images_above_a_threshold_and_no_others() -> None:
    assert confident_joint(LABELS, PROBABILITIES).tolist() == [[3, 1], [0, 3]]


def test_of_two_thresholds_that_are_reached_the_higher_probability_counts() -> None:
    probabilities = np.array([[0.45, 0.55], [0.35, 0.65], [0.48, 0.52]])
    labels = np.array([0, 0, 1])
    assert thresholds(labels, probabilities) == pytest.approx([0.40, 0.52])
    assert confident_joint(labels, probabilities).tolist() == [[0, 2], [0, 1]]


def test_expected_errors_are_scaled_to_all_images_of_a_label() -> None:
    labels = np.concatenate([LABELS, np.zeros(4, int)])
    probabilities = np.concatenate([PROBABILITIES, np.full((4, 2), 0.5)])  # reach no threshold of their own
    assert confident_joint(labels, probabilities).tolist()[0] == [3, 1]
    assert expected_errors(labels, probabilities).tolist() == [[0, 2], [0, 0]]


def test_the_image_that_looks_like_another_class_is_found() -> None:
    assert np.flatnonzero(likely_errors(LABELS, PROBABILITIES)).tolist() == [3]


def test_an_image_whose_label_is_the_most_probable_is_never_an_error() -> None:
    for seed in range(5):
        labels, _, probabilities = planted(seed)
        assert not (likely_errors(labels, probabilities) & (probabilities.argmax(axis=1) == labels)).any()


@pytest.mark.parametrize("seed", range(3))
def test_planted_errors_are_found_far_more_often_than_by_chance(seed: int) -> None:
    labels, wrong, probabilities = planted(seed)
    found = likely_errors(labels, probabilities)
    assert wrong[found].mean() > 0.7
    assert found[wrong].mean() > 0.8


def test_probabilities_that_know_nothing_find_next_to_nothing() -> None:
    labels, _, _ = planted(0)
    same = np.full((len(labels), 5), 0.2)
    assert likely_errors(labels, same).sum() == 0


def test_no_image_is_no_error() -> None:
    assert likely_errors(np.zeros(0, np.int64), np.zeros((0, 5))).shape == (0,)


def test_the_margin_is_negative_where_another_class_is_more_probable() -> None:
    assert normalised_margin(LABELS, PROBABILITIES)[[0, 3]] == pytest.approx([0.8, -0.8])
    assert strongest_other(LABELS, PROBABILITIES).tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
