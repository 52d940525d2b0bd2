"""Temperature scaling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from dicom_router.model.calibration import HIGHEST, LOWEST, fit_temperature, log_loss
from dicom_router.model.probabilities import softmax

Logits = NDArray[np.float32]
Labels = NDArray[np.int64]


def planted(temperature: float, count: int = 4000, seed: int = 0) -> tuple[Logits, Labels]:
    """Return logits that are ``temperature`` times too large for their labels."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 1.5, (count, 5))
    labels = np.array([rng.choice(5, p=row) for row in softmax(honest)])
    return (honest * temperature).astype(np.float32), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7, 4.0])
def test_a_planted_temperature_is_found(temperature: float) -> None:
    assert fit_temperature(*planted(temperature), 20).value == pytest.approx(temperature, rel=0.06)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 20), st.integers(2, 200))
def test_log_loss_never_rises_and_the_temperature_is_bounded(seed: int, scale: float, count: int) -> None:
    logits, labels = planted(scale, count, seed)
    temperature = fit_temperature(logits, labels, 2)
    assert log_loss(logits, labels, temperature.value) <= log_loss(logits, labels, 1.0)
    assert LOWEST <= temperature.value <= HIGHEST


@given(st.floats(LOWEST, HIGHEST), st.integers(0, 100))
def test_no_label_changes(temperature: float, seed: int) -> None:
    logits, _ = planted(1.0, 50, seed)
    assert (softmax(logits, temperature).argmax(axis=1) == logits.argmax(axis=1)).all()


def test_probabilities_of_huge_logits_are_finite() -> None:
    np.testing.assert_array_equal(softmax(np.array([[1e30, 0.0]], np.float32)), [[1.0, 0.0]])


@pytest.mark.parametrize(
    ("labels", "logits", "reason"),
    [
        ([], np.zeros((0, 5)), "0 calibration image(s) are too few"),
        ([0, 1, 2], np.eye(5)[:3], "3 calibration image(s) are too few"),
        ([1] * 30, np.zeros((30, 5)), "of one class"),
        ([0, 1] * 15, np.eye(5)[[0, 1] * 15], "classified rightly"),
    ],
)
def test_where_nothing_can_be_learnt_it_stays_one_and_says_why(labels: list[int], logits: Logits, reason: str) -> None:
    temperature = fit_temperature(logits.astype(np.float32), np.array(labels, np.int64), 20)
    assert temperature.value == 1.0
    assert temperature.reason is not None and reason in temperature.reason


class GivenLogits(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier for scikit-learn whose features are its logits."""

    classes_ = np.arange(5)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, x: Logits, y: Labels) -> "GivenLogits":  # noqa: D102
        return self

    def decision_function(self, x: Logits) -> Logits:  # noqa: D102
        return x

    def predict(self, x: Logits) -> Labels:  # noqa: D102
        return x.argmax(axis=1)


def test_it_is_the_temperature_of_scikit_learn() -> None:
    logits, labels = planted(2.0, 500)
    theirs = CalibratedClassifierCV(FrozenEstimator(GivenLogits()), method="temperature").fit(logits, labels)
    ours = softmax(logits, fit_temperature(logits, labels, 20).value)
    np.testing.assert_allclose(ours, theirs.predict_proba(logits), atol=1e-3)


def test_a_temperature_at_the_end_of_the_range_says_so() -> None:
    temperature = fit_temperature(*planted(60.0), 20)
    assert temperature.value == pytest.approx(HIGHEST, rel=1e-3)
    assert temperature.reason is not None
    assert "end of the range" in temperature.reason
