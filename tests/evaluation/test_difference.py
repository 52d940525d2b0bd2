"""External minus internal."""

import numpy as np
import pytest
from evaluation.made_up import certain, made_up_table

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.difference import difference
from dicom_router.evaluation.predictions import Predictions
from dicom_router.labels import CLASSES


def test_a_worse_hospital_is_a_loss_whose_interval_excludes_zero(settings: Bootstrap) -> None:
    internal = Predictions.from_table(made_up_table(sharpness=4.0))
    external = Predictions.from_table(made_up_table(sharpness=2.0, seed=1))
    loss = difference(external, internal, settings)
    assert loss["accuracy"]["value"] == pytest.approx(external.correct.mean() - internal.correct.mean())
    assert loss["macro"]["recall"]["high"] < 0 < loss["log_loss"]["low"]
    assert loss["compared_classes"] == list(CLASSES)


def test_the_interval_is_that_of_two_independent_samples() -> None:
    settings = Bootstrap(resamples=20_000, confidence=0.95, minimum_patients=20, seed=1)
    internal = certain([0] * 400, [0] * 360 + [1] * 40)
    external = certain([0] * 100, [0] * 80 + [1] * 20)
    loss = difference(external, internal, settings)["accuracy"]
    error = np.sqrt(0.9 * 0.1 / 400 + 0.8 * 0.2 / 100)
    assert loss["value"] == pytest.approx(-0.1)
    assert [loss["low"], loss["high"]] == pytest.approx([-0.1 - 1.96 * error, -0.1 + 1.96 * error], abs=0.005)


def test_a_set_compared_with_itself_differs_by_nothing(settings: Bootstrap) -> None:
    predictions = Predictions.from_table(made_up_table())
    loss = difference(predictions, predictions, settings)
    assert loss["accuracy"]["value"] == 0
    assert loss["accuracy"]["low"] < 0 < loss["accuracy"]["high"]


def test_a_class_missing_on_one_side_is_not_taken_for_a_loss(settings: Bootstrap) -> None:
    internal = certain([0] * 30 + [1] * 30, [0] * 30 + [2] * 30)
    external = certain([0] * 30, [0] * 29 + [1])
    loss = difference(external, internal, settings)
    assert loss["compared_classes"] == ["abdomen"]
    assert loss["macro"]["recall"]["value"] == pytest.approx(29 / 30 - 1)
    assert loss["classes"]["adult_chest"]["recall"]["reason"] == "no image"


def test_an_empty_external_cohort_has_a_difference_without_values(settings: Bootstrap) -> None:
    loss = difference(certain([], []), certain([0] * 30, [0] * 30), settings)
    assert loss["compared_classes"] == []
    assert loss["accuracy"] == loss["macro"]["f1"] == {"value": None, "low": None, "high": None, "reason": "no image"}


def test_few_patients_on_one_side_leave_no_interval(settings: Bootstrap) -> None:
    loss = difference(certain([0] * 5, [0] * 5), certain([0] * 30, [0] * 29 + [1]), settings)
    assert loss["accuracy"]["reason"] == "5 patients, fewer than 20"
