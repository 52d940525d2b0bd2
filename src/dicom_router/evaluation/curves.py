"""ROC, precision-recall and reliability curves, thinned to what a figure can show.

One against the rest: a class's own images are the positives, its probability the score.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router.evaluation.exact import clopper_pearson, effective_images
from dicom_router.evaluation.predictions import Floats, Mask, Predictions
from dicom_router.evaluation.probability import BINS, bin_numbers
from dicom_router.labels import CLASSES

POINTS: Final = 200  # of a curve, at most
INTERVAL: Final = 0.95  # of a bin's accuracy

ROC: Final = ("class", "false_positive_rate", "true_positive_rate")
PR: Final = ("class", "recall", "precision")
RELIABILITY: Final = ("calibration", "lower", "upper", "n", "confidence", "accuracy", "low", "high")


def operating_points(positive: Mask, scores: Floats) -> tuple[Floats, Floats]:
    """Return true and false positives ``(T,)`` with the threshold at each distinct score, highest first.

    Args:
        positive: ``(N,)``.
        scores: ``(N,)``; an image counts as predicted positive where its score is at least the threshold.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) if len(scores) else order
    true = positive[order].cumsum()[last].astype(np.float64)
    return true, last + 1 - true


def roc_auc(positive: Mask, scores: Floats) -> float | None:
    """Return the area under the ROC curve; None without positives or without negatives."""
    true, false = operating_points(positive, scores)
    if not len(true) or not true[-1] or not false[-1]:
        return None
    return float(np.trapezoid(np.append(0, true) / true[-1], np.append(0, false) / false[-1]))


def average_precision(positive: Mask, scores: Floats) -> float | None:
    """Return the sum of precision times the step in recall, as scikit-learn does; None without positives."""
    true, false = operating_points(positive, scores)
    if not len(true) or not true[-1]:
        return None
    return float(np.sum(np.diff(np.append(0, true) / true[-1]) * true / (true + false)))


def roc_table(predictions: Predictions) -> pd.DataFrame:
    """Return the ROC curve of each class that has images and is not alone, from (0, 0) to (1, 1)."""
    parts = []
    for place, name in enumerate(CLASSES):
        true, false = operating_points(predictions.labels == place, predictions.probabilities[:, place])
        if not len(true) or not true[-1] or not false[-1]:
            continue
        x, y = np.append(0, false) / false[-1], np.append(0, true) / true[-1]
        kept = thinned(x, y)
        parts.append(_curve(ROC, name, x[kept], y[kept]))
    return _joined(parts, ROC)


def pr_table(predictions: Predictions) -> pd.DataFrame:
    """Return the precision-recall curve of each class that has images, from low recall to high."""
    parts = []
    for place, name in enumerate(CLASSES):
        true, false = operating_points(predictions.labels == place, predictions.probabilities[:, place])
        if not len(true) or not true[-1]:
            continue
        x, y = true / true[-1], true / (true + false)
        kept = thinned(x, y)
        parts.append(_curve(PR, name, x[kept], y[kept]))
    return _joined(parts, PR)


def reliability_table(before: Predictions, after: Predictions) -> pd.DataFrame:
    """Return n, mean confidence and accuracy of each bin that holds images, before and after calibration.

    ``low`` and ``high`` bound the accuracy: exact, ``INTERVAL``, images of one patient taken as wholly alike.
    """
    parts = [_reliability("before", before), _reliability("after", after)]
    return pd.concat(parts, ignore_index=True)


def thinned(x: Floats, y: Floats, points: int = POINTS) -> NDArray[np.intp]:
    """Return the places, in order, of at most ``points`` points that draw the same curve ``(N,)``.

    Points on a straight line between their neighbours go first; of those left, some at equal steps along the curve.
    """
    if len(x) < 3:
        return np.arange(len(x))
    bend = np.abs(np.diff(x[:-1]) * np.diff(y[1:]) - np.diff(y[:-1]) * np.diff(x[1:])) > 1e-12
    kept = np.flatnonzero(np.concatenate([[True], bend, [True]]))
    if len(kept) <= points:
        return kept
    length = np.append(0, np.cumsum(np.abs(np.diff(x[kept])) + np.abs(np.diff(y[kept]))))
    steps = np.searchsorted(length, np.linspace(0, length[-1], points - 1), side="left")
    return np.asarray(kept[np.unique(np.append(steps, len(kept) - 1))])


def _reliability(calibration: str, predictions: Predictions) -> pd.DataFrame:
    bins = bin_numbers(predictions.confidence)
    images = np.bincount(bins, minlength=BINS)
    used = np.flatnonzero(images)
    mean = [np.bincount(bins, weights=each, minlength=BINS)[used] / images[used] for each in _judged(predictions)]
    trials = [effective_images(predictions.patients[bins == place]) for place in used]
    bounds = [clopper_pearson(share, worth, INTERVAL) for share, worth in zip(mean[1], trials, strict=True)]
    columns = (calibration, used / BINS, (used + 1) / BINS, images[used], *mean, *np.reshape(bounds, (-1, 2)).T)
    return pd.DataFrame(dict(zip(RELIABILITY, columns, strict=True)))


def _judged(predictions: Predictions) -> tuple[Floats, Floats]:
    return predictions.confidence, predictions.correct.astype(np.float64)


def _curve(columns: tuple[str, ...], name: str, x: Floats, y: Floats) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(columns, (name, x, y), strict=True)))


def _joined(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))
