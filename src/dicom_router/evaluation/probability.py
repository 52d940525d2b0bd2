"""Figures of predicted probabilities: log-loss, Brier score, expected calibration error.

Each is a mean or a sum over images, so ``image_terms`` gives one row an image and
``probability_figures`` turns sums of those rows, over whatever images, into figures.

- Log-loss: mean of ``-ln p(true class)``, p clipped at the float64 epsilon, as scikit-learn does.
- Brier score: mean of ``sum over classes of (p - [class is true])**2``, from 0 to 2
  (Brier 1950, Monthly Weather Review 78:1; scikit-learn's ``scale_by_half=False``).
- ECE: images in 15 equal-width bins by the probability of the predicted class, bin k
  holding ``(k/15, (k+1)/15]``; the sum over bins of ``images/n * |accuracy - mean confidence|``
  (Guo 2017, ICML). It is never negative and grows with noise, so bootstrap resamples
  overestimate it: its interval may lie above the value when calibration is good.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from dicom_router.evaluation.predictions import Floats, Integers, Predictions

BINS: Final = 15
EPSILON: Final = float(np.finfo(np.float64).eps)


def log_losses(labels: Integers, probabilities: Floats) -> Floats:
    """Return ``-ln p(true class)`` of each image ``(N,)``."""
    return -np.log(np.clip(probabilities[np.arange(len(labels)), labels], EPSILON, 1.0))


def brier_scores(labels: Integers, probabilities: Floats) -> Floats:
    """Return the squared distance ``(N,)``, 0 to 2, of the probabilities from the truth."""
    truth = np.eye(probabilities.shape[1])[labels]
    return np.asarray(((probabilities - truth) ** 2).sum(axis=1))


def bin_numbers(confidence: Floats) -> Integers:
    """Return the bin ``(N,)``, 0 to 14, of each confidence in [0, 1]."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def image_terms(predictions: Predictions) -> Floats:
    """Return ``(N, 3 + BINS)``: 1, log-loss, Brier score, and confidence minus correctness in the image's bin."""
    terms = np.zeros((len(predictions.labels), 3 + BINS))
    terms[:, 0] = 1.0
    terms[:, 1] = log_losses(predictions.labels, predictions.probabilities)
    terms[:, 2] = brier_scores(predictions.labels, predictions.probabilities)
    rows, bins = np.arange(len(terms)), bin_numbers(predictions.confidence)
    terms[rows, 3 + bins] = predictions.confidence - predictions.correct
    return terms


def probability_figures(sums: Floats) -> Mapping[str, Floats]:
    """Return each figure ``(...)`` from sums ``(..., 3 + BINS)`` of ``image_terms``; NaN where no image is summed."""
    n = np.where(sums[..., 0] > 0, sums[..., 0], np.nan)
    return {
        "log_loss": np.asarray(sums[..., 1] / n),
        "brier": np.asarray(sums[..., 2] / n),
        "ece": np.asarray(np.abs(sums[..., 3:]).sum(axis=-1) / n),
    }
