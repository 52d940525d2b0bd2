"""Which labels are most likely wrong: confident learning.

Northcutt, Jiang, Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70 (2021),
sections 3.1 (confident joint), 3.2 (method 3, prune by noise rate). It asks only for the probabilities of a
model that has not seen the images it judges, calibrated or not: what counts as confident is measured for each class.
"""

import numpy as np

from dicom_router.evaluation.predictions import Floats, Integers, Mask


def thresholds(labels: Integers, probabilities: Floats) -> Floats:
    """Return ``(C,)``: the mean probability of each class over its images; infinite where it has none."""
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    sums = np.bincount(labels, weights=self_confidence(labels, probabilities), minlength=len(counts))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def confident_joint(labels: Integers, probabilities: Floats) -> Integers:
    """Return ``(C, C)``: images by given label (rows) and by the class that they confidently belong to.

    An image counts for the most probable of the classes whose threshold it reaches; where it reaches none, nowhere.
    """
    classes = probabilities.shape[1]
    confident = np.where(probabilities >= thresholds(labels, probabilities), probabilities, -1.0)
    counted = confident.max(axis=1) >= 0
    cells = labels[counted] * classes + confident[counted].argmax(axis=1)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def expected_errors(labels: Integers, probabilities: Floats) -> Integers:
    """Return ``(C, C)``: how many images labelled as the row truly are of the column; 0 on the diagonal.

    The rows of the confident joint are scaled to the number of images that carry the label (equation 3).
    """
    joint = confident_joint(labels, probabilities).astype(np.float64)
    images = np.bincount(labels, minlength=len(joint))
    scaled = joint * (images / np.maximum(joint.sum(axis=1), 1))[:, np.newaxis]
    np.fill_diagonal(scaled, 0)
    return np.asarray(np.round(scaled).astype(np.int64))


def likely_errors(labels: Integers, probabilities: Floats) -> Mask:
    """Return ``(N,)``: which labels are likely wrong.

    For each label and each other class these are as many images as ``expected_errors`` says, those with the largest
    margin for the other class; never one whose own label is as probable as any.
    """
    found = np.zeros(len(labels), bool)
    for given, true in np.argwhere(expected := expected_errors(labels, probabilities)):
        images = np.flatnonzero(labels == given)
        margins = probabilities[images, given] - probabilities[images, true]
        found[images[np.argsort(margins, kind="stable")[: expected[given, true]]]] = True
    return np.asarray(found & (normalised_margin(labels, probabilities) < 0))


def self_confidence(labels: Integers, probabilities: Floats) -> Floats:
    """Return ``(N,)``: the probability that each image's own label is given."""
    return np.asarray(probabilities[np.arange(len(labels)), labels])


def strongest_other(labels: Integers, probabilities: Floats) -> Integers:
    """Return ``(N,)``: the most probable class other than the image's own label."""
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -1.0
    return np.asarray(others.argmax(axis=1))


def normalised_margin(labels: Integers, probabilities: Floats) -> Floats:
    """Return ``(N,)`` in [-1, 1]: the probability of the own label over that of the strongest other one."""
    other = probabilities[np.arange(len(labels)), strongest_other(labels, probabilities)]
    return np.asarray(self_confidence(labels, probabilities) - other)
