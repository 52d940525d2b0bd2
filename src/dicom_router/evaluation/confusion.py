"""Figures of right and wrong predictions: recall, precision, F1, their macro averages, accuracy.

Every function takes the counts of one set of images, ``(C,)``, or of many, ``(..., C)``, so
that a bootstrap computes its resamples at once. A figure that is not defined is NaN:

- Recall, precision and F1 of a class without an image are not defined, and the
  macro average leaves that class out. This holds for each resample of a bootstrap too.
- A class that has images and is never predicted has precision and F1 of 0, not
  undefined: a network that gives up on a class must not gain by it. These are
  scikit-learn's figures with ``labels=<classes with images>, zero_division=0``.
"""

from dataclasses import dataclass

import numpy as np

from dicom_router.evaluation.predictions import Floats, Integers, Predictions


@dataclass(frozen=True)
class Counts:
    """Numbers of images by class, each ``(..., C)``."""

    images: Floats  # of the class
    predicted: Floats  # as the class, rightly or not
    right: Floats  # of the class and predicted as it

    @property
    def existing(self) -> Floats:
        """Return ``images``, NaN where there are none."""
        return np.where(self.images > 0, self.images, np.nan)


def confusion_matrix(labels: Integers, predicted: Integers, n_classes: int) -> Integers:
    """Count images ``(C, C)`` by true class (row) and predicted class (column)."""
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def image_counts(predictions: Predictions) -> Floats:
    """Return what each image adds to the ``Counts``, side by side: ``(N, 3 * C)``."""
    one_hot = np.eye(predictions.probabilities.shape[1])
    images, predicted = one_hot[predictions.labels], one_hot[predictions.predicted]
    return np.concatenate([images, predicted, images * predicted], axis=1)


def counts(sums: Floats) -> Counts:
    """Take sums ``(..., 3 * C)`` of ``image_counts``, over whatever images."""
    images, predicted, right = np.split(sums, 3, axis=-1)
    return Counts(images, predicted, right)


def recall(counts: Counts) -> Floats:
    """Return ``(..., C)``: the share of the images of a class that are predicted as it."""
    return np.asarray(counts.right / counts.existing)


def precision(counts: Counts) -> Floats:
    """Return ``(..., C)``: the share of the images predicted as a class that are of it."""
    right = np.where(counts.images > 0, counts.right, np.nan)
    return np.asarray(right / np.maximum(counts.predicted, 1))


def f1(counts: Counts) -> Floats:
    """Return ``(..., C)``: the harmonic mean of recall and precision."""
    return np.asarray(2 * counts.right / (counts.existing + counts.predicted))


def accuracy(counts: Counts) -> Floats:
    """Return ``(...)``: the share of images whose class is predicted; NaN without an image."""
    images = counts.images.sum(axis=-1)
    return np.asarray(counts.right.sum(axis=-1) / np.where(images > 0, images, np.nan))


def macro(figures: Floats) -> Floats:
    """Return ``(...)``: the mean over the classes ``(..., C)`` where the figure is defined; NaN if nowhere."""
    defined = ~np.isnan(figures)
    n_defined = defined.sum(axis=-1)
    return np.asarray(np.where(defined, figures, 0.0).sum(axis=-1) / np.where(n_defined > 0, n_defined, np.nan))
