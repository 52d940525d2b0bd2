"""Figures with intervals, and the reasons why some have none."""

import numpy as np
import pytest
from evaluation.made_up import certain, made_up_table
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.estimates import Estimate, Sampled, estimate, nested
from dicom_router.evaluation.figures import confusion_samples, estimates, probability_samples
from dicom_router.evaluation.predictions import Predictions


def test_under_the_minimum_of_patients_the_interval_is_null_with_the_reason(settings: Bootstrap) -> None:
    predictions = certain([0] * 19 + [1], [0] * 18 + [1, 1])
    figure = estimates(confusion_samples(predictions, settings, "x"), settings)["classes.abdomen.recall"]
    assert figure == Estimate(18 / 19, None, None, "19 patients with this class, fewer than 20")


def test_one_patient_is_told_in_the_singular(settings: Bootstrap) -> None:
    predictions = certain([0, 0], [0, 1], patients=[0, 0])
    assert estimates(confusion_samples(predictions, settings, "x"), settings)["accuracy"].reason.startswith(
        "1 patient,"
    )


def test_a_perfect_figure_has_no_bootstrap_interval(settings: Bootstrap) -> None:
    predictions = certain([0, 1] * 30, [0, 1] * 30)
    figure = estimates(confusion_samples(predictions, settings, "x"), settings)["macro.recall"]
    assert figure == Estimate(1.0, None, None, "no interval: every resample gives the same figure")


def test_all_wrong_is_zero_without_an_interval(settings: Bootstrap) -> None:
    predictions = certain([0, 1] * 30, [1, 0] * 30)
    assert estimates(confusion_samples(predictions, settings, "x"), settings)["accuracy"].value == 0


def test_a_class_without_images_is_undefined_and_left_out_of_the_macro(settings: Bootstrap) -> None:
    predictions = certain([0] * 30 + [1] * 30, [0] * 29 + [1] * 30 + [2])
    figures = estimates(confusion_samples(predictions, settings, "x"), settings)
    assert figures["classes.pediatric_chest.recall"] == Estimate.undefined("no image")
    assert figures["macro.recall"].value == pytest.approx(29 / 30)


def test_no_image_at_all_has_figures_without_a_value(settings: Bootstrap) -> None:
    nothing = certain([], [])
    for samples in (confusion_samples, probability_samples):
        figures = estimates(samples(nothing, settings, "x"), settings)
        assert set(figures.values()) == {Estimate.undefined("no image")}


def test_resamples_without_a_class_are_left_out_of_its_recall() -> None:
    # One patient of 20 has the class: about a third of the resamples lack it.
    predictions = certain([0] + [1] * 19, [0] + [1] * 19)
    settings = Bootstrap(resamples=2000, confidence=0.95, minimum_patients=1, seed=1)
    samples = confusion_samples(predictions, settings, "x")
    undefined = np.isnan(samples["classes.abdomen.recall"].replicates)
    assert undefined.mean() == pytest.approx((1 - 1 / 20) ** 20, abs=0.04)
    assert not np.isnan(samples["macro.recall"].replicates).any()


@example_settings(deadline=None, derandomize=True)
@given(seed=st.integers(0, 999), n=st.integers(60, 200))
def test_an_interval_holds_its_figure(seed: int, n: int) -> None:
    settings = Bootstrap(resamples=200, confidence=0.95, minimum_patients=20, seed=seed)
    predictions = Predictions.from_table(made_up_table(n, patients=n, seed=seed, sharpness=2.0))
    samples = {**confusion_samples(predictions, settings, "x"), **probability_samples(predictions, settings, "y")}
    for name, figure in estimates(samples, settings).items():
        if figure.low is not None and name != "ece":  # which resampling only ever makes worse
            assert figure.low <= figure.value <= figure.high, name


def test_a_difference_rests_on_the_smaller_set() -> None:
    larger, smaller = (Sampled(0.5, np.array([0.4, 0.6]), patients) for patients in (100, 10))
    assert (larger.minus(smaller)).patients == 10


def test_names_with_points_become_nested_mappings() -> None:
    document = nested({"accuracy": Estimate(0.5, 0.25, 0.75), "macro.f1": Estimate.undefined("no image")})
    assert document == {
        "accuracy": {"value": 0.5, "low": 0.25, "high": 0.75},
        "macro": {"f1": {"value": None, "low": None, "high": None, "reason": "no image"}},
    }


def test_stored_figures_are_rounded_and_have_no_negative_zero() -> None:
    assert str(Estimate(-1e-12, -0.1 - 1e-12, 0.25).to_dict()["value"]) == "0.0"


def test_a_figure_undefined_in_every_resample_says_so(settings: Bootstrap) -> None:
    figure = Sampled(0.5, np.full(10, np.nan), patients=50)
    assert estimate(figure, settings).reason == "not defined in any resample"
