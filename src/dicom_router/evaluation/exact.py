"""Exact binomial intervals, for the shares that a bootstrap cannot judge: all right, all wrong, few patients."""

import numpy as np
from scipy.stats import beta

from dicom_router.evaluation.predictions import Integers


def clopper_pearson(share: float, trials: float, confidence: float) -> tuple[float, float]:
    """Return the interval of a ``share`` of ``trials`` independent trials (Clopper and Pearson 1934).

    Both may come from an effective number of trials, that need not be whole
    (Korn and Graubard 1998, Survey Methodology 24:193).
    """
    right, wrong, tail = share * trials, (1 - share) * trials, (1 - confidence) / 2
    low = beta.ppf(tail, right, wrong + 1) if right > 0 else 0.0
    high = beta.ppf(1 - tail, right + 1, wrong) if wrong > 0 else 1.0
    return float(low), float(high)


def effective_images(patients: Integers) -> float:
    """Return how many independent images the images of ``patients`` ``(N,)`` are worth at least.

    Images of one patient are taken as wholly alike: N images of patients with
    m images each are worth ``(sum m)**2 / sum m**2`` (Kish 1965), from the number of patients
    downwards, and N where every patient has one image. Nothing is assumed about how
    alike they are, so the interval errs on the wide side.
    """
    images = np.bincount(patients).astype(np.float64)
    return float(images.sum() ** 2 / (images**2).sum())
