"""Thresholds with a guarantee."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model.rules import COSTS
from scipy.stats import binom

from dicom_router.model.certifying import (
    STEPS,
    Certificate,
    Step,
    certify,
    lay_sequence,
    patients_needed,
    step,
    surest,
    upper_bound,
)
from dicom_router.model.thresholds import Judged, Wanted, fit_thresholds

Floats = np.ndarray
FLOOR = 1e-9


def steps_of(*counts: tuple[int, int], confidence: float = 0.95) -> list[Step]:
    """Return steps with the numbers of patients and errors, of strictness 10, 9, ..."""
    return [Step(10.0 - place, n, k, upper_bound(k, n, confidence)) for place, (n, k) in enumerate(counts)]


@pytest.mark.parametrize(
    ("maximum_error", "confidence", "errors", "patients"),
    [(0.005, 0.95, 0, 598), (0.005, 0.95, 1, 947), (0.01, 0.95, 0, 299), (0.05, 0.9, 0, 45), (0.5, 0.95, 3, 13)],
)
def test_the_patients_that_a_certificate_needs(
    maximum_error: float, confidence: float, errors: int, patients: int
) -> None:
    assert patients_needed(maximum_error, confidence, errors) == patients
    tails = [binom.cdf(errors, n, maximum_error) for n in (patients - 1, patients)]
    assert tails[0] > 1 - confidence >= tails[1]


@given(st.integers(0, 30), st.integers(1, 300), st.floats(0.5, 0.99), st.floats(0.001, 0.5))
def test_a_bound_is_below_an_error_exactly_where_the_test_passes(
    errors: int, patients: int, confidence: float, maximum_error: float
) -> None:
    bound = upper_bound(min(errors, patients), patients, confidence)
    tail = binom.cdf(min(errors, patients), patients, maximum_error)
    if abs(bound - maximum_error) > 1e-9:
        assert (bound < maximum_error) == (tail <= 1 - confidence)


def test_597_patients_without_an_error_are_too_few_and_598_enough() -> None:
    assert certify(steps_of((597, 0)), 0.005, 0.95, FLOOR).certified_error == pytest.approx(0.00500543, abs=1e-6)
    assert certify(steps_of((598, 0)), 0.005, 0.95, FLOOR).certified_error == 0.005


def test_the_loosest_rule_before_the_first_that_fails_is_taken() -> None:
    steps = steps_of((700, 0), (1000, 1), (1100, 5), (9000, 1))
    assert certify(steps, 0.005, 0.95, FLOOR).strictness == 9.0


def test_if_none_passes_the_first_rule_is_used_and_its_own_bound_certified() -> None:
    certificate = certify(steps_of((24, 0), (48, 0)), 0.005, 0.95, FLOOR)
    assert certificate.strictness == 10.0
    assert certificate.certified_error == pytest.approx(1 - 0.05 ** (1 / 24))
    assert certificate.reason == (
        "0.50% at 95% needs 598 calibration patients with a film routed, none of them with an error;"
        " the strictest rule tested routes 24"
    )


def test_no_rule_is_looser_than_the_costs_allow() -> None:
    certificate = certify(steps_of((700, 0), (800, 0), (900, 0)), 0.005, 0.95, floor=9.5)
    assert (certificate.strictness, certificate.certified_error) == (9.5, 0.005)


@pytest.mark.parametrize(("steps", "said"), [([], "too few validation"), (steps_of((700, 0)), "the costs send")])
def test_where_no_tested_rule_can_be_used_nothing_is_certified(steps: list[Step], said: str) -> None:
    certificate = certify(steps, 0.005, 0.95, floor=11.0)
    assert (certificate.strictness, certificate.certified_error) == (11.0, None)
    assert certificate.reason.startswith(said)


def test_one_wrong_film_makes_an_error_of_its_patient_and_unrouted_patients_do_not_count() -> None:
    patients = np.array([0, 0, 0, 1, 1, 2])
    routed = np.array([True, True, False, True, False, False])
    wrong = np.array([True, True, False, False, True, True])
    assert step(1.0, routed, wrong, patients, 0.95) == Step(1.0, 2, 1, upper_bound(1, 2, 0.95))


def test_a_rule_that_routes_nobody_has_no_bound() -> None:
    assert step(1.0, np.zeros(3, bool), np.ones(3, bool), np.arange(3), 0.95).bound is None


def test_a_patient_is_as_certain_as_the_surest_film() -> None:
    assert surest(np.array([1.0, 3.0, 2.0]), np.array([0, 1, 0])).tolist() == [2.0, 3.0]


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(0, 3000), st.integers(1, 1000))
def test_a_sequence_falls_and_begins_with_half_of_the_patients_at_most(
    certainty: list[float], patients: int, needed: int
) -> None:
    sequence = lay_sequence(np.array(certainty), patients, needed)
    assert len(sequence) <= STEPS and (np.diff(sequence) < 0).all() and (sequence > 0).all()
    if len(sequence):
        assert (np.array(certainty) >= sequence[0] * (1 - 1e-5)).mean() >= 0.5 - 1e-9


@pytest.mark.parametrize(("patients", "share"), [(100, 0.5), (650, 0.97), (1000, 0.65), (5000, 0.5)])
def test_the_first_rule_routes_as_many_as_an_error_free_certificate_needs(patients: int, share: float) -> None:
    sequence = lay_sequence(np.linspace(0.001, 1, 1000), patients, 598)
    assert 1 - sequence[0] == pytest.approx(share, abs=0.05)


def monotone(score: Floats) -> Floats:
    return 0.3 * (1 - score) ** 2


def perverse(score: Floats) -> Floats:
    return np.where(score > 0.8, 0.2, 0.0)


def films_of(errors: Callable[[Floats], Floats], rng: np.random.Generator, patients: int) -> tuple[Floats, ...]:
    """Draw one to three films of each patient, their scores alike; return scores, errors and owners."""
    owners = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    score = np.clip(rng.random(patients)[owners] + rng.normal(0, 0.1, len(owners)), 0.001, 1)
    return score, rng.random(len(owners)) < errors(score), owners


def certificates(errors: Callable[[Floats], Floats], maximum_error: float, runs: int) -> list[Certificate]:
    """Return what ``runs`` hospitals of 200 calibration patients are told."""
    found = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        score, _, owners = films_of(errors, rng, 100)
        sequence = lay_sequence(surest(score, owners), 200, patients_needed(maximum_error, 0.95))
        score, wrong, owners = films_of(errors, rng, 200)
        steps = [step(each, score >= each, wrong, owners, 0.95) for each in sequence]
        found.append(certify(steps, maximum_error, 0.95, FLOOR))
    return found


@pytest.mark.parametrize("errors", [monotone, perverse])
@pytest.mark.parametrize("maximum_error", [0.005, 0.1])
def test_at_most_one_hospital_in_twenty_is_promised_too_much(
    errors: Callable[[Floats], Floats], maximum_error: float
) -> None:
    score, wrong, owners = films_of(errors, np.random.default_rng(10**6), 30_000)
    runs = certificates(errors, maximum_error, 300)
    truths = [step(each.strictness, score >= each.strictness, wrong, owners, 0.95) for each in runs]
    promised = [each.certified_error for each in runs]
    broken = [truth.errors / truth.patients > error for truth, error in zip(truths, promised, strict=True) if error]
    assert len(broken) == 300
    assert sum(broken) <= binom.ppf(0.999, 300, 0.05)


def test_taking_the_loosest_rule_whose_own_error_is_low_promises_too_much() -> None:
    """Show that the simulation can fail: without the test, more than one in twenty is promised too much."""
    score, wrong, owners = films_of(monotone, np.random.default_rng(10**6), 30_000)
    broken = 0
    for run in certificates(monotone, 0.1, 100):
        naive = min(each.strictness for each in run.steps if each.errors <= 0.1 * each.patients)
        truth = step(naive, score >= naive, wrong, owners, 0.95)
        broken += truth.errors > 0.1 * truth.patients
    assert broken > binom.ppf(0.999, 100, 0.05)


def judged(count: int, seed: int, sharpness: float = 8.0) -> Judged:
    """Return ``count`` films, one a patient, mostly right."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, count)
    logits = rng.normal(0, 1, (count, 5))
    logits[np.arange(count), labels] += sharpness
    return Judged(logits.astype(np.float32), labels, np.arange(count), np.ones(count, bool))


def test_enough_patients_of_a_good_network_meet_the_guarantee() -> None:
    section = fit_thresholds(judged(300, 1), judged(1300, 2), Wanted(0.005, 0.95, COSTS), 1.0, ["north"])
    assert section["certified_error"] == 0.005 and section["reason"] == ""
    assert section["strictness"] >= section["break_even"] == 1.0


def test_few_patients_are_told_what_it_takes() -> None:
    section = fit_thresholds(judged(100, 1), judged(100, 2), Wanted(0.005, 0.95, COSTS), 1.0, ["north"])
    assert section["patients_needed"] == 598 and section["patients_to_collect"] > 1000
    assert 0.04 < section["certified_error"] < 0.08


def test_no_film_at_all_certifies_nothing() -> None:
    section = fit_thresholds(judged(0, 1), judged(0, 2), Wanted(0.005, 0.95, COSTS), 1.0, [])
    assert section["certified_error"] is None and section["strictness"] == 1.0
