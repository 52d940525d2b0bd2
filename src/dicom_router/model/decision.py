"""Route or review: whether a film's label may be acted on, and why not. NumPy alone.

Three things can be done with a film: route it by its label, route it elsewhere, or let a person look.
A look costs 1; sending a film of class y where class a belongs costs ``costs[y, a]`` looks, at least 2.
A film is routed where that costs no more than a look, given how probable the classes are; since every mistake
costs two looks or more, no other route is cheaper then. (Chow 1970, IEEE Trans. Inf. Theory 16:41;
Elkan 2001, IJCAI.)

How probable: the softmax of the logits divided by a number, the **strictness**. At the network's own
temperature these are its calibrated probabilities. The higher the strictness, the less sure is every film taken
to be, and the fewer are routed: a film that is routed at one strictness is routed at every lower one, because
every mistake costs more than a look. So the rules form one sequence from strict to loose, in which certifying.py
looks for the loosest that is safe, and a film's **certainty** is the highest strictness at which it is still routed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from dicom_router.labels import CLASSES
from dicom_router.model.answers import Decision, ReviewReason
from dicom_router.model.folder import Specification
from dicom_router.model.probabilities import softmax

LOOK: Final = 1.0  # what a person's look costs
LOWEST, HIGHEST = 1e-3, 1e3  # of a certainty; outside, logits are no network's
HALVINGS: Final = 50  # of the interval between them: to a part in 1e14

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """When a film is routed."""

    costs: Floats  # (C, C), in looks: true class, class it is routed as
    strictness: float
    outlier_limit: float  # the largest outlier score that a film may have; infinite where none was fitted

    @classmethod
    def from_specification(cls, specification: Specification) -> Self:
        """Take the sections ``thresholds`` and ``features`` of ``calibration.json`` or ``model.json``."""
        thresholds, limit = specification["thresholds"], specification["features"]["limit"]
        return cls(
            cost_matrix(thresholds["costs"]), float(thresholds["strictness"]), np.inf if limit is None else float(limit)
        )

    def decide(self, logits: NDArray[np.floating], outlier_scores: NDArray[np.floating]) -> tuple[Decision, ...]:
        """Return a decision for each of the films with ``logits`` ``(N, C)`` and ``outlier_scores`` ``(N,)``."""
        doubts = {
            ReviewReason.UNSURE: ~routable(logits, self.costs, self.strictness),
            ReviewReason.OUTLIER: ~(outlier_scores <= self.outlier_limit),  # not a number is an outlier
        }
        labels = np.asarray(logits).argmax(axis=1)
        return tuple(
            Decision(CLASSES[label], tuple(reason for reason, films in doubts.items() if films[film]))
            for film, label in enumerate(labels)
        )


def cost_matrix(costs: Mapping[str, Sequence[float]]) -> Floats:
    """Return ``(C, C)`` of a table with a row for each true class."""
    return np.array([costs[name] for name in CLASSES], np.float64)


def expected_costs(logits: NDArray[np.floating], costs: Floats, strictness: float | Floats) -> Floats:
    """Return in looks ``(N,)`` what routing the films with ``logits`` ``(N, C)`` by their labels is expected to cost.

    Args:
        logits: of the films.
        costs: ``(C, C)``: true class, class it is routed as.
        strictness: a number, or one for each film ``(N,)``.
    """
    scaled = np.asarray(logits, np.float64) / np.reshape(strictness, (-1, 1))
    with np.errstate(invalid="ignore"):  # infinite logits give costs that are not a number
        return np.asarray((softmax(scaled) * costs[:, np.asarray(logits).argmax(axis=1)].T).sum(axis=1))


def routable(logits: NDArray[np.floating], costs: Floats, strictness: float | Floats) -> Mask:
    """Return ``(N,)`` where routing costs no more than a look; never where a logit is not a number."""
    return np.asarray(expected_costs(logits, costs, strictness) <= LOOK)


def certainties(logits: NDArray[np.floating], costs: Floats) -> Floats:
    """Return the certainty ``(N,)`` of each film: the highest strictness that routes it, 0 where none does."""
    low, high = (np.full(len(logits), np.log(bound)) for bound in (LOWEST, HIGHEST))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        routed = routable(logits, costs, np.exp(middle))
        low, high = np.where(routed, middle, low), np.where(routed, high, middle)
    return np.where(routable(logits, costs, np.full(len(logits), LOWEST)), np.exp(low), 0.0)
