"""Many comparisons at once."""

import numpy as np
import pytest
from evaluation.made_up import made_up_table

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.figures import confusion_change, confusion_samples, mean_change, mean_samples
from dicom_router.evaluation.multiple import holm, two_sided_p
from dicom_router.evaluation.predictions import Predictions

SETTINGS = Bootstrap(resamples=300, confidence=0.95, minimum_patients=20, seed=1)


@pytest.mark.parametrize(
    ("given", "corrected"),
    [
        # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.2], [0.2]),
        ([], []),
    ],
)
def test_holms_correction_is_rs(given: list[float], corrected: list[float]) -> None:
    assert holm(given) == pytest.approx(corrected)


@pytest.mark.parametrize(
    ("replicates", "p"),
    [
        (np.ones(999), 2 / 1000),
        (-np.ones(999), 2 / 1000),
        (np.zeros(99), 1.0),
        (np.concatenate([-np.ones(9), np.ones(90)]), 20 / 100),
        (np.concatenate([-np.ones(9), np.ones(90), [np.nan]]), 20 / 100),
    ],
)
def test_the_p_value_is_twice_the_smaller_side(replicates: np.ndarray, p: float) -> None:
    assert two_sided_p(replicates) == pytest.approx(p)


def test_the_mean_over_one_run_is_the_run() -> None:
    run, other = (Predictions.from_table(made_up_table(sharpness=sharpness)) for sharpness in (3.0, 1.0))
    one, plain = mean_samples([run], SETTINGS, "x"), confusion_samples(run, SETTINGS, "x")
    assert one["macro.f1"].value == plain["macro.f1"].value
    assert np.array_equal(one["macro.f1"].replicates, plain["macro.f1"].replicates)
    change, known = mean_change([run], [other], SETTINGS, "x"), confusion_change(run, other, SETTINGS, "x")
    assert np.allclose(change["macro.f1"].replicates, known["macro.f1"].replicates)


def test_the_change_of_means_is_the_difference_of_the_means() -> None:
    runs = [Predictions.from_table(made_up_table(sharpness=sharpness)) for sharpness in (3.0, 2.0, 1.0)]
    change = mean_change(runs[:2], runs[2:], SETTINGS, "x")["macro.f1"].value
    means = [mean_samples(part, SETTINGS, "x")["macro.f1"].value for part in (runs[:2], runs[2:])]
    assert change == pytest.approx(means[0] - means[1])
