"""Bootstrap over patients: whole patients are drawn with replacement, each with all their images.

Images of one patient are alike, so drawing images would make intervals too narrow
(cluster bootstrap: Davison and Hinkley 1997, section 3.8; Field and Welsh 2007).
Every figure here is a function of sums over images. A resample is therefore the
number of times that each patient is drawn, and costs one row of a matrix product:

- Patients with equal sums are interchangeable. Of a frequent kind, as nearly all are when only
  right and wrong counts, the number of draws is drawn at once: the numbers of the kinds
  are multinomial, which is the same distribution, not an approximation.
- The other patients are drawn one by one and counted.

Sums are put on a grid of 2**-30 (1e-9) first. Sums of such numbers below 2**22 are exact in
float64 whatever their order, so neither the order of the images, nor the number of threads, nor
the BLAS in use changes a bit of the result.

A figure that is not defined in a resample (the recall of a class of which no patient
was drawn) is NaN there; its interval comes from the resamples where it is defined.
"""

import zlib
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from dicom_router.evaluation.predictions import Floats, Integers
from dicom_router.params import Evaluate

GRID: Final = 2.0**30
FREQUENT: Final = 12  # patients of a kind from which drawing the kind is quicker than drawing them
DRAWS_AT_ONCE: Final = 2**15  # 256 KiB of int64: stays in the cache; from 2**17 on it takes twice the time


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are computed: ``params.evaluate``."""

    resamples: int
    confidence: float
    minimum_patients: int
    seed: int

    @classmethod
    def from_params(cls, evaluate: Evaluate) -> Self:
        """Take the section ``evaluate`` of params.yaml."""
        return cls(evaluate.resamples, evaluate.confidence, evaluate.minimum_patients, evaluate.seed)

    def generator(self, name: str) -> np.random.Generator:
        """Return the random numbers of the figures ``name``; other names' figures do not disturb them."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def patient_sums(terms: Floats, patients: Integers) -> Floats:
    """Sum ``terms`` ``(N, K)`` over the images of each patient ``(N,)``; return ``(P, K)`` on the grid."""
    n_patients = int(patients.max(initial=-1)) + 1
    snapped = np.round(terms * GRID) / GRID
    columns = [np.bincount(patients, weights=column, minlength=n_patients) for column in snapped.T]
    return np.column_stack(columns)


def resample(sums: Floats, resamples: int, generator: np.random.Generator) -> Floats:
    """Draw P of the P patients ``(P, K)`` with replacement ``resamples`` times; return the sums ``(resamples, K)``."""
    kinds, sizes = np.unique(sums, axis=0, return_counts=True)
    frequent = sizes >= FREQUENT
    rare = np.repeat(kinds[~frequent], sizes[~frequent], axis=0)
    shares = np.append(sizes[frequent], len(rare)) / len(sums)
    draws = generator.multinomial(len(sums), shares, size=resamples)
    result = draws[:, :-1].astype(np.float64) @ kinds[frequent]
    if len(rare):
        result += _drawn_singly(rare, draws[:, -1], generator)
    return np.asarray(result)


def _drawn_singly(rows: Floats, draws: Integers, generator: np.random.Generator) -> Floats:
    """Draw ``draws[b]`` of the ``rows`` ``(R, K)`` with replacement for each resample b; sum them up to ``(B, K)``."""
    step = max(1, DRAWS_AT_ONCE // len(rows))
    return np.concatenate(
        [_times_drawn(len(rows), draws[start : start + step], generator) @ rows for start in range(0, len(draws), step)]
    )


def _times_drawn(n_rows: int, draws: Integers, generator: np.random.Generator) -> Floats:
    """Return how often each of ``n_rows`` rows is among ``draws[b]`` draws: ``(B, n_rows)``."""
    drawn = generator.integers(n_rows, size=int(draws.sum()), dtype=np.int32)
    cells = drawn + np.repeat(np.arange(len(draws)) * n_rows, draws)
    times = np.bincount(cells, minlength=len(draws) * n_rows)
    return times.reshape(len(draws), n_rows).astype(np.float64)


def percentiles(replicates: Floats, confidence: float) -> tuple[float, float]:
    """Return the bounds between which ``confidence`` of the defined ``replicates`` lie; NaN if none is defined."""
    defined = replicates[~np.isnan(replicates)]
    if not len(defined):
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
