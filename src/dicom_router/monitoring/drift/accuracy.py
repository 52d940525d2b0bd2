"""How often the model is right, guessed without labels.

A calibrated model that says 0.9 is right nine times in ten, so that its mean confidence estimates its accuracy. Where
labels are known, what it was off by there is added (Guillory 2021, ICCV, "Predicting with confidence on unseen
distributions"). It is an estimate only as long as the model stays calibrated: under drift it usually believes itself
too much.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """An estimated accuracy with its interval, None where there are fewer than two studies."""

    value: float
    low: float | None
    high: float | None
    corrected: bool  # by what a reviewed sample showed


def estimate(
    confidence: Floats, confidence_level: float, reviewed: "tuple[float, float, int] | None"
) -> Estimate | None:
    """Return the mean of ``confidence`` ``(N,)``, of a study each, with Student's interval.

    ``reviewed``, where the site was commissioned: agreement of the reviewed films, the mean confidence of those, and
    their number. Their difference corrects the estimate, and its own uncertainty widens the interval.
    """
    if not len(confidence):
        return None
    mean, variance = float(confidence.mean()), 0.0
    if len(confidence) > 1:
        variance = float(confidence.var(ddof=1)) / len(confidence)
    if reviewed is not None:
        agreement, said, films = reviewed
        mean += agreement - said
        share = (agreement * films + 1) / (films + 2)  # never 0 or 1, whose variance would be none
        variance += share * (1 - share) / films
    inside = min(max(mean, 0.0), 1.0)
    if len(confidence) < 2:
        return Estimate(inside, None, None, reviewed is not None)
    reach = float(t.ppf((1 + confidence_level) / 2, len(confidence) - 1)) * sqrt(variance)
    return Estimate(inside, max(mean - reach, 0.0), min(mean + reach, 1.0), reviewed is not None)
