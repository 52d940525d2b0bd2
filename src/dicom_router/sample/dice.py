"""Random draws that are the same on every machine: integers of PCG64 and plain arithmetic."""

from collections.abc import Mapping, Sequence
from functools import cache
from math import fsum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dicom_router.sample.exact import exp, log

T = TypeVar("T")
_NORMAL_BITS = 12


class Dice:
    """One independent stream, chosen by ``key`` (for instance seed, patient, image)."""

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(list(key)))

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return float(int(self._bits.random_raw()) >> 11) / 9007199254740992.0

    def uniform(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.random()

    def near(self, mean: float, spread: float) -> float:
        """Return a bell-shaped number around ``mean``, never further than 3.5 times ``spread``."""
        return mean + spread * 1.7320508 * (self.random() + self.random() - self.random() - self.random())

    def chance(self, probability: float) -> bool:
        """Return True with ``probability``."""
        return self.random() < probability

    def integer(self, low: int, high: int) -> int:
        """Return a whole number in low..high, both included."""
        return low + int(self.random() * (high - low + 1))

    def sign(self) -> int:
        """Return 1 or -1."""
        return 1 if self.random() < 0.5 else -1

    def choose(self, options: Sequence[T]) -> T:
        """Return one of ``options``, each as likely."""
        return options[self.integer(0, len(options) - 1)]

    def pick(self, weights: Mapping[T, float]) -> T:
        """Return a key of ``weights`` with a probability proportional to its weight."""
        left = self.random() * fsum(weights.values())
        for option, weight in weights.items():
            left -= weight
            if left < 0.0:
                return option
        return option

    def spread(self, count: int) -> NDArray[np.float64]:
        """Return ``(count,)`` numbers in [0, 1)."""
        return (self._bits.random_raw(count) >> np.uint64(11)) / 9007199254740992.0

    def normals(self, *shape: int) -> NDArray[np.float32]:
        """Return float32 of ``shape``, normal with mean 0 and deviation 1, from a table of 4096 quantiles."""
        count = 1
        for side in shape:
            count *= side
        words = self._bits.random_raw((count + 3) // 4).view(np.uint16)[:count]
        return np.asarray(normal_quantiles()[words >> np.uint16(16 - _NORMAL_BITS)].reshape(shape))


@cache
def normal_quantiles() -> NDArray[np.float32]:
    """Return the 4096 mid-quantiles of the normal distribution, rounded to 1e-5."""
    ranks = (np.arange(1 << _NORMAL_BITS, dtype=np.float64) + 0.5) / (1 << _NORMAL_BITS)
    low = np.minimum(ranks, 1.0 - ranks)
    value = np.sqrt(-2.0 * log(low))
    for _ in range(14):
        value = value + (upper_tail(value) - low) / (exp(-0.5 * value * value) * 0.3989422804014327)
    return np.rint(np.where(ranks < 0.5, -value, value) * 1e5).astype(np.float32) / np.float32(1e5)


def upper_tail(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normal probability above ``value`` in [0, 4]: Marsaglia's series."""
    total = value * 0.0
    term = value + 0.0
    for n in range(3, 120, 2):
        total = total + term
        term = term * value * value / n
    return 0.5 - total * exp(-0.5 * value * value) * 0.3989422804014327
