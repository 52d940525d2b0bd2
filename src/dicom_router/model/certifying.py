"""The loosest rule that is safe, with a guarantee: Learn then Test, in a fixed sequence, by exact binomial tails.

Angelopoulos, Bates, Candes, Jordan and Lei 2025, "Learn then test: calibrating predictive algorithms to achieve
risk control", Annals of Applied Statistics 19(2) (arXiv 2110.01052): sections 2 and 3 for the method, and for
fixed sequences. Selective error as binomial: Geifman and El-Yaniv 2017, NeurIPS. Bounds: Clopper and Pearson 1934.

What is certified. One patient is one trial. A patient counts at a rule if at least one film is routed, and is an
error if at least one routed film is wrong. The claim: with the confidence asked for (over the draw of the
calibration patients), of all patients of that population with a film routed, at most the certified
share has one routed wrongly. It follows that of films drawn by first drawing a patient, and then one of the
patient's routed films, at most that share is wrong. It does not follow for films drawn from one pile, where patients
with many films count more, unless patients have one film each.

Why it is exact. Rules are tried from strict to loose, each tested at the full level, until the first that fails;
whichever passed may be used, and which of them is used may depend on anything. For that the sequence of rules
must be settled without the calibration films: ``lay_sequence`` takes it from the validation films, the outlier
limit comes from there too, and no rule depends on the temperature (the calibration films' own), which only chooses
among those that passed. Of a rule's patients the errors are then binomial.

If not even the first rule passes, its own exact upper bound is what is certified: one rule, settled beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

STEPS: Final = 50  # rules in a sequence, at most
SPREADS: Final = 2.0  # standard deviations of room for the first rule to route as many as it needs

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """A rule of the sequence, on the calibration patients."""

    strictness: float
    patients: int  # that have a film routed
    errors: int  # of them, that have a film routed wrongly
    bound: float | None  # of the share of errors, one-sided; None without a patient


@dataclass(frozen=True)
class Certificate:
    """The outcome: the rule to use, and what is certified of it."""

    strictness: float
    certified_error: float | None
    reason: str  # why not what was asked for; empty if it is
    steps: tuple[Step, ...]


def patients_needed(maximum_error: float, confidence: float, errors: int = 0) -> int:
    """Return how many patients, ``errors`` of them wrong, certify ``maximum_error``: 598 for none, 0.5% and 95%."""
    low, high = errors, errors + 1
    while not passes(errors, high, maximum_error, confidence):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(errors, middle, maximum_error, confidence) else (middle, high)
    return high


def passes(errors: int, patients: int, maximum_error: float, confidence: float) -> bool:
    """Say whether so few ``errors`` would be rarer than ``1 - confidence`` if ``maximum_error`` were exceeded."""
    return bool(bdtr(errors, patients, maximum_error) <= 1 - confidence)  # the binomial's lower tail


def upper_bound(errors: int, patients: int, confidence: float) -> float:
    """Return the one-sided exact bound of the share of errors (Clopper and Pearson)."""
    return 1.0 if errors >= patients else float(betaincinv(errors + 1, patients - errors, confidence))


def lay_sequence(certainty: Floats, patients: int, needed: int) -> Floats:
    """Return strictnesses ``(J,)``, falling, from the certainty ``(M,)`` of other patients' surest films.

    The first routes half of the patients, or as many as an error-free certificate needs, with some room; the
    last routes all that can be routed at all.

    Args:
        certainty: of the validation patients; 0 for those that no rule routes.
        patients: how many calibration patients there are.
        needed: patients that a certificate without an error needs.
    """
    falling = np.sort(certainty)[::-1]
    shares = np.arange(1, len(falling) + 1) / max(len(falling), 1)
    first = int(np.searchsorted(shares, _first_share(shares, patients, needed) - 1e-12))
    candidates = falling[first:][falling[first:] > 0]
    if not len(candidates):
        return candidates
    places = np.linspace(0, len(candidates) - 1, STEPS).round().astype(np.int64)
    chosen = [float(f"{each:.6g}") for each in candidates[places]]  # more digits tell no films apart
    return np.unique(chosen)[::-1]


def certify(steps: Sequence[Step], maximum_error: float, confidence: float, floor: float) -> Certificate:
    """Return the loosest rule of the sequence that passes with all before it, no looser than ``floor``.

    Args:
        steps: the sequence on the calibration patients, from strict to loose.
        maximum_error: the highest acceptable share of errors.
        confidence: with which it must hold.
        floor: the strictness at which routing costs as much as a look.
    """
    if not steps:
        return Certificate(floor, None, "too few validation films can be routed to lay a sequence of rules by", ())
    failed = (n for n, each in enumerate(steps) if not passes(each.errors, each.patients, maximum_error, confidence))
    passed = next(failed, len(steps))
    chosen = steps[max(passed, 1) - 1]
    error = maximum_error if passed else steps[0].bound
    if floor > steps[0].strictness:
        return Certificate(
            floor, None, "the costs send more films to review than the strictest rule tested", tuple(steps)
        )
    reason = "" if passed else _shortfall(steps[0], maximum_error, confidence)
    return Certificate(max(chosen.strictness, floor), error, reason, tuple(steps))


def step(strictness: float, routed: Mask, wrong: Mask, patients: Integers, confidence: float) -> Step:
    """Count patients at one rule, of films ``(N,)`` that it routes and that are read wrongly."""
    n_routed, n_errors = (int(np.count_nonzero(np.bincount(patients[films]))) for films in (routed, routed & wrong))
    return Step(strictness, n_routed, n_errors, upper_bound(n_errors, n_routed, confidence) if n_routed else None)


def surest(certainty: Floats, patients: Integers) -> Floats:
    """Return the certainty ``(P,)`` of the surest film of each patient ``(N,)``, numbered from 0."""
    highest = np.zeros(int(patients.max(initial=-1)) + 1)
    np.maximum.at(highest, patients, certainty)
    return highest


def _first_share(shares: Floats, patients: int, needed: int) -> float:
    """Return the share of the patients that the first rule should route."""
    if patients < needed:
        return 0.5
    noise = (1 / patients + 1 / len(shares)) if len(shares) else 0.0
    enough = [share for share in shares if share - SPREADS * sqrt(share * (1 - share) * noise) >= needed / patients]
    return max(0.5, min(enough, default=1.0))


def _shortfall(first: Step, maximum_error: float, confidence: float) -> str:
    """Say how many patients are missing."""
    needed = patients_needed(maximum_error, confidence, first.errors)
    errors = f"{first.errors} of them with an error" if first.errors else "none of them with an error"
    return (
        f"{maximum_error:.2%} at {confidence:.0%} needs {needed:,} calibration patients with a film routed, {errors};"
        f" the strictest rule tested routes {first.patients:,}"
    )


def patients_to_collect(first: Step, patients: int, needed: int) -> int | None:
    """Return about how many calibration patients would have ``needed`` of them routed, at the first rule's share."""
    return ceil(needed * patients / first.patients) if first.patients else None
