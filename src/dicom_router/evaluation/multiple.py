"""Many comparisons at once: how surprising each difference is, and what is left of that when there are many."""

from collections.abc import Sequence

import numpy as np

from dicom_router.evaluation.predictions import Floats


def two_sided_p(replicates: Floats) -> float:
    """Return the share of bootstrap differences ``(resamples,)`` on the other side of 0, twice; NaN if none is defined.

    Counts begin at one, so that no finite number of resamples gives 0 (Davison and Hinkley 1997, section 4.2).
    """
    defined = replicates[~np.isnan(replicates)]
    if not len(defined):
        return float("nan")
    below, above = (int((side <= 0).sum()) for side in (defined, -defined))
    return min(1.0, 2 * (min(below, above) + 1) / (len(defined) + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's corrected p-values, in the order given (Holm 1979, Scand J Stat 6:65).

    Calling those below a level different is wrong about any of them with at most that probability.
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=lambda each: p_values[each])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[number]))
        corrected[number] = highest
    return corrected
