"""Recall, precision, F1, macro averages and accuracy."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from dicom_router.evaluation import confusion
from dicom_router.evaluation.confusion import Counts

# true: a a a b b c, predicted: a a b b c c
COUNTS = Counts(images=np.array([3.0, 2, 1]), predicted=np.array([2.0, 2, 2]), right=np.array([2.0, 1, 1]))
NAN = np.nan

Figure = Callable[[Counts], np.ndarray]


def counts_of(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> Counts:
    matrix = confusion.confusion_matrix(labels, predicted, n_classes).astype(float)
    return Counts(matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal())


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (confusion.recall, [2 / 3, 1 / 2, 1]),
        (confusion.precision, [1, 1 / 2, 1 / 2]),
        (confusion.f1, [4 / 5, 1 / 2, 2 / 3]),
        (confusion.accuracy, 4 / 6),
    ],
)
def test_figures_are_those_computed_by_hand(function: Figure, expected: object) -> None:
    assert_allclose(function(COUNTS), expected)


def test_rows_of_the_confusion_matrix_are_the_true_classes() -> None:
    matrix = confusion.confusion_matrix(np.array([0, 0, 1]), np.array([0, 2, 1]), 3)
    assert_array_equal(matrix, [[1, 0, 1], [0, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize("function", [confusion.recall, confusion.precision, confusion.f1])
def test_a_class_without_images_has_no_figure_even_when_predicted(function: Figure) -> None:
    counts = Counts(images=np.array([2.0, 0]), predicted=np.array([1.0, 1]), right=np.array([1.0, 0]))
    assert_array_equal(np.isnan(function(counts)), [False, True])


@pytest.mark.parametrize("function", [confusion.recall, confusion.precision, confusion.f1])
def test_a_class_that_is_never_predicted_scores_zero(function: Figure) -> None:
    counts = Counts(images=np.array([2.0, 2]), predicted=np.array([4.0, 0]), right=np.array([2.0, 0]))
    assert function(counts)[1] == 0


def test_the_macro_average_leaves_out_undefined_classes() -> None:
    assert_allclose(confusion.macro(np.array([[1.0, 0.5, NAN], [NAN, NAN, NAN]])), [0.75, NAN])


def test_accuracy_of_no_image_is_undefined() -> None:
    assert np.isnan(confusion.accuracy(Counts(np.zeros(3), np.zeros(3), np.zeros(3))))


@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels, predicted = generator.integers(0, 5, (2, 40))
    labels = np.where(labels == seed, (seed + 1) % 5, labels)  # one class has no image
    present = np.unique(labels)
    counts = counts_of(labels, predicted, 5)
    figures = [function(counts) for function in (confusion.precision, confusion.recall, confusion.f1)]
    each = precision_recall_fscore_support(labels, predicted, labels=present, zero_division=0)
    macro = precision_recall_fscore_support(labels, predicted, labels=present, zero_division=0, average="macro")
    assert_allclose([figure[present] for figure in figures], each[:3])
    assert_allclose([confusion.macro(figure) for figure in figures], macro[:3])
    assert_allclose(confusion.accuracy(counts), accuracy_score(labels, predicted))


def test_a_stack_is_judged_entry_by_entry() -> None:
    stack = Counts(*(np.stack([part, part[::-1]]) for part in (COUNTS.images, COUNTS.predicted, COUNTS.right)))
    assert_allclose(confusion.recall(stack)[0], confusion.recall(COUNTS))
    assert_allclose(confusion.recall(stack)[1], confusion.recall(COUNTS)[::-1])
