"""Resampling of patients."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from evaluation.made_up import made_up_table
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from dicom_router.evaluation import confusion
from dicom_router.evaluation.bootstrap import FREQUENT, Bootstrap, patient_sums, percentiles, resample
from dicom_router.evaluation.figures import confusion_samples, estimates, probability_samples
from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.probability import image_terms, probability_figures

Statistic = Callable[[np.ndarray], np.ndarray]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_terms_are_summed_over_the_images_of_a_patient() -> None:
    sums = patient_sums(np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([1, 0, 1]))
    assert_array_equal(sums, [[3, 4], [6, 8]])


def test_no_image_is_no_patient() -> None:
    assert patient_sums(np.empty((0, 3)), np.empty(0, np.int64)).shape == (0, 3)


@pytest.mark.parametrize("n_rare", [0, 1, 7, 300], ids="{} patients like no other".format)
@pytest.mark.parametrize("n_frequent", [1, FREQUENT, 200], ids="{} patients alike".format)
def test_every_resample_draws_as_many_patients_as_there_are(n_rare: int, n_frequent: int) -> None:
    n = n_rare + n_frequent
    rare = np.column_stack([np.ones(n_rare), np.arange(n_rare) + 10.0])
    sums = np.concatenate([rare, np.tile([1.0, 0.0], (n_frequent, 1))])
    assert_array_equal(resample(sums, 50, generator())[:, 0], np.full(50, n))


def test_draws_have_the_moments_of_drawing_with_replacement() -> None:
    # Two frequent kinds and two single patients: both ways of drawing in one table.
    kinds, sizes = np.eye(4), np.array([30, 15, 1, 1])
    draws = resample(np.repeat(kinds, sizes, axis=0), 200_000, generator())
    n, share = sizes.sum(), sizes / sizes.sum()
    assert_allclose(draws.mean(axis=0), sizes, atol=0.04)
    assert_allclose(np.cov(draws.T), n * (np.diag(share) - np.outer(share, share)), atol=0.08)


def test_kinds_and_single_patients_give_the_same_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = np.repeat(np.array([[1.0, 1.0], [1.0, 0.0], [3.0, 2.0]]), [50, 20, 13], axis=0)
    by_kind = resample(sums, 20_000, generator(1))
    monkeypatch.setattr("dicom_router.evaluation.bootstrap.FREQUENT", 10**9)
    one_by_one = resample(sums, 20_000, generator(2))
    for column in range(2):
        assert stats.ks_2samp(by_kind[:, column], one_by_one[:, column]).pvalue > 1e-3


@example_settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 60))
def test_the_order_of_the_images_changes_no_bit(seed: int, n: int) -> None:
    settings = Bootstrap(resamples=100, confidence=0.9, minimum_patients=2, seed=3)
    table = made_up_table(n, patients=max(2, n // 2), seed=seed % 1000)
    shuffled = table.sample(frac=1, random_state=seed)
    for samples in (confusion_samples, probability_samples):
        one, other = (samples(Predictions.from_table(each), settings, "x") for each in (table, shuffled))
        for key in one:
            assert one[key].value == other[key].value or np.isnan(one[key].value)
            assert_array_equal(one[key].replicates, other[key].replicates)


def test_equal_seeds_give_equal_intervals_and_other_seeds_do_not() -> None:
    predictions = Predictions.from_table(made_up_table())
    intervals = []
    for seed in (1, 1, 2):
        settings = Bootstrap(resamples=500, confidence=0.95, minimum_patients=20, seed=seed)
        intervals.append(estimates(probability_samples(predictions, settings, "x"), settings)["log_loss"])
    assert intervals[0] == intervals[1] != intervals[2]


def test_percentiles_leave_undefined_resamples_out() -> None:
    replicates = np.array([np.nan, *np.linspace(0, 1, 101), np.nan])
    assert_allclose(percentiles(replicates, 0.9), [0.05, 0.95])
    assert np.isnan(percentiles(np.full(5, np.nan), 0.9)).all()


def scipy_interval(statistic: Statistic, n_patients: int, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of ``statistic(places of the patients drawn)`` by scipy, drawing patients."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            (np.arange(n_patients),),
            statistic,
            vectorized=False,
            n_resamples=resamples,
            method="percentile",
            random_state=np.random.default_rng(5),
        )
    return np.array([result.confidence_interval.low, result.confidence_interval.high])


def all_figures(counts: np.ndarray, terms: np.ndarray) -> np.ndarray:
    figures = confusion.counts(counts)
    parts = [function(figures) for function in (confusion.recall, confusion.precision, confusion.f1)]
    overall = [*(confusion.macro(part) for part in parts), confusion.accuracy(figures)]
    return np.concatenate([*parts, overall, list(probability_figures(terms).values())])


def test_intervals_agree_with_scipy_within_monte_carlo_error() -> None:
    predictions = Predictions.from_table(made_up_table(n=900, patients=500))
    counts = patient_sums(confusion.image_counts(predictions), predictions.patients)
    terms = patient_sums(image_terms(predictions), predictions.patients)
    resamples = 4000

    def statistic(places: np.ndarray) -> np.ndarray:
        return all_figures(counts[places].sum(axis=0), terms[places].sum(axis=0))

    theirs = scipy_interval(statistic, predictions.n_patients, resamples)
    settings = Bootstrap(resamples=resamples, confidence=0.95, minimum_patients=2, seed=1)
    samples = {**confusion_samples(predictions, settings, "x"), **probability_samples(predictions, settings, "y")}
    kinds = ("recall", "precision", "f1")
    names = [key for kind in kinds for key in samples if key.startswith("classes.") and key.endswith(kind)]
    names += [f"macro.{kind}" for kind in kinds] + ["accuracy", "log_loss", "brier", "ece"]
    ours = estimates(samples, settings)
    for name, low, high in zip(names, *theirs, strict=True):
        # The 2.5% point of 4,000 draws has a standard error of 0.042 standard deviations; five of those,
        # of the difference of two such points, and one image for figures that move in steps.
        tolerance = 5 * np.sqrt(2) * 0.042 * samples[name].replicates.std() + 0.1 / 900
        assert_allclose([ours[name].low, ours[name].high], [low, high], rtol=0, atol=tolerance, err_msg=name)
