"""How many studies a night brings: weekdays differ, and counts scatter more than dice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from scipy.stats import nbinom, poisson

BAND: Final = 0.01  # on each side


@dataclass(frozen=True)
class Expected:
    """The number of studies that a night should bring, with its variance (which counts at least as Poisson's)."""

    mean: float
    variance: float
    always: bool  # every such night of the reference brought some

    def p(self, count: int) -> float:
        """Return the two-sided p of ``count``: twice the smaller tail of a negative binomial distribution."""
        spread = self._distribution
        return float(min(1.0, 2 * min(spread.cdf(count), spread.sf(count - 1))))

    @property
    def band(self) -> tuple[float, float]:
        """Return the numbers that 98% of such nights stay within."""
        return float(self._distribution.ppf(BAND)), float(self._distribution.ppf(1 - BAND))

    @property
    def _distribution(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
        if self.variance <= self.mean * 1.0001:
            return poisson(self.mean)
        return nbinom(self.mean**2 / (self.variance - self.mean), self.mean / self.variance)


def expect(counts: Mapping[date, int], nights: Sequence[date], night: date) -> Expected | None:
    """Return what ``night`` should bring by the ``nights`` of the reference; None where these are too few.

    A weekday's mean is that of its own nights, where there are two; the dispersion, Pearson's, is shared by all.
    """
    by_weekday: dict[int, list[int]] = {}
    for each in nights:
        by_weekday.setdefault(each.weekday(), []).append(counts.get(each, 0))
    own = by_weekday.get(night.weekday(), [])
    if len(nights) < 5:
        return None
    like = own if len(own) >= 2 else [n for group in by_weekday.values() for n in group]
    mean = float(np.mean(like))
    if mean <= 0:
        return None
    dispersion = max(1.0, _dispersion(by_weekday))
    return Expected(mean, mean * dispersion * (1 + 1 / len(like)), min(like) > 0)


def _dispersion(by_weekday: Mapping[int, Sequence[int]]) -> float:
    """Return Pearson's estimate: the squared distances from the weekday's mean over it, by degrees of freedom."""
    groups = [np.array(group, float) for group in by_weekday.values() if len(group) >= 2 and sum(group) > 0]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return 1.0
    return float(sum(((group - group.mean()) ** 2).sum() / group.mean() for group in groups) / freedom)
