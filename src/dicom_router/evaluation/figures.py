"""The figures of a set of predictions, with intervals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dicom_router.evaluation import confusion
from dicom_router.evaluation.bootstrap import Bootstrap, patient_sums, resample
from dicom_router.evaluation.estimates import NO_IMAGE, Estimate, Sampled, estimate
from dicom_router.evaluation.exact import clopper_pearson, effective_images
from dicom_router.evaluation.predictions import Floats, Integers, Mask, Predictions, count_patients
from dicom_router.evaluation.probability import image_terms, probability_figures
from dicom_router.labels import CLASSES

Samples = Mapping[str, Sampled]
Figures = Callable[[Floats], Mapping[str, Floats]]  # from sums over images


def confusion_samples(
    predictions: Predictions, settings: Bootstrap, name: str, classes: Sequence[str] = CLASSES
) -> Samples:
    """Return accuracy, macro and per-class figures, resampled; the macro averages over ``classes`` only.

    ``name`` keeps the random numbers of different sets of images apart.
    """
    terms = confusion.image_counts(predictions)
    return _samples(predictions, terms, lambda sums: _confusion_figures(sums, classes), settings, name)


def recall_samples(predictions: Predictions, settings: Bootstrap, name: str) -> Samples:
    """Return accuracy and the recall of each class, resampled: what subgroups show, in half the time."""
    images, _, right = np.split(confusion.image_counts(predictions), 3, axis=1)
    return _samples(predictions, np.concatenate([images, right], axis=1), _recall_figures, settings, name)


def probability_samples(predictions: Predictions, settings: Bootstrap, name: str) -> Samples:
    """Return log-loss, Brier score and ECE, resampled."""
    return _samples(predictions, image_terms(predictions), probability_figures, settings, name)


def probability_change(after: Predictions, before: Predictions, settings: Bootstrap, name: str) -> Samples:
    """Return log-loss, Brier score and ECE of ``after`` minus those of ``before``: the same images, drawn together."""

    def change(sums: Floats) -> Mapping[str, Floats]:
        ours, theirs = (probability_figures(part) for part in np.split(sums, 2, axis=-1))
        return {key: np.asarray(ours[key] - theirs[key]) for key in ours}

    terms = np.concatenate([image_terms(after), image_terms(before)], axis=1)
    return _samples(after, terms, change, settings, name)


def confusion_change(after: Predictions, before: Predictions, settings: Bootstrap, name: str) -> Samples:
    """Return the figures of ``confusion_samples`` of ``after`` minus ``before``: the same images, drawn together."""

    def change(sums: Floats) -> Mapping[str, Floats]:
        ours, theirs = (_confusion_figures(part, CLASSES) for part in np.split(sums, 2, axis=-1))
        return {key: ours[key] - theirs[key] for key in ours}

    terms = np.concatenate([confusion.image_counts(after), confusion.image_counts(before)], axis=1)
    return _samples(after, terms, change, settings, name)


def mean_samples(runs: Sequence[Predictions], settings: Bootstrap, name: str) -> Samples:
    """Return the figures of ``confusion_samples``, each the mean over ``runs``: the same images, drawn together.

    The interval says how far other patients would move the mean; how far another seed would is not in it.
    """
    terms = np.concatenate([confusion.image_counts(run) for run in runs], axis=1)
    return _samples(runs[0], terms, lambda sums: _mean_figures(sums, len(runs)), settings, name)


def mean_change(after: Sequence[Predictions], before: Sequence[Predictions], settings: Bootstrap, name: str) -> Samples:
    """Return the figures of ``mean_samples`` of ``after`` minus ``before``: the same images, drawn together."""
    terms = np.concatenate([confusion.image_counts(run) for run in (*after, *before)], axis=1)
    width = terms.shape[1] // (len(after) + len(before)) * len(after)

    def change(sums: Floats) -> Mapping[str, Floats]:
        ours, theirs = _mean_figures(sums[..., :width], len(after)), _mean_figures(sums[..., width:], len(before))
        return {key: np.asarray(ours[key] - theirs[key]) for key in ours}

    return _samples(after[0], terms, change, settings, name)


def estimates(samples: Samples, settings: Bootstrap) -> dict[str, Estimate]:
    """Return every figure with its interval."""
    return {key: estimate(figure, settings) for key, figure in samples.items()}


def exact_recall(predictions: Predictions, place: int, settings: Bootstrap) -> dict[str, Any]:
    """Return the recall of class ``place`` with its exact binomial interval, for any number of patients.

    ``trials`` is what the images are worth as independent ones (``effective_images``):
    the number of images where every patient has one, fewer otherwise. The interval
    is the exact one in the first case and conservative in the second.
    """
    return _exact(predictions.where(predictions.labels == place), settings)


def exact_accuracy(predictions: Predictions, settings: Bootstrap) -> dict[str, Any]:
    """Return the accuracy with its exact binomial interval, in the manner of ``exact_recall``."""
    return _exact(predictions, settings)


def _exact(predictions: Predictions, settings: Bootstrap) -> dict[str, Any]:
    return exact_share(predictions.correct, predictions.patients, settings)


def exact_share(hits: Mask, patients: Integers, settings: Bootstrap) -> dict[str, Any]:
    """Return the share of ``hits`` ``(N,)``, images of ``patients`` ``(N,)``, in the manner of ``exact_recall``."""
    if not len(hits):
        return Estimate.undefined(NO_IMAGE).to_dict() | {"trials": 0.0}
    share, trials = float(hits.mean()), effective_images(patients)
    figure = Estimate(share, *clopper_pearson(share, trials, settings.confidence))
    return figure.to_dict() | {"trials": round(trials, 3)}


def _samples(
    predictions: Predictions, terms: Floats, figures: Figures, settings: Bootstrap, name: str
) -> dict[str, Sampled]:
    """Return ``figures`` of the sums of ``terms`` ``(N, K)``: over all images, and over each resample's."""
    sums = patient_sums(terms, predictions.patients)
    values, replicates = figures(sums.sum(axis=0)), figures(_replicates(sums, settings, name))
    return {key: Sampled(float(values[key]), replicates[key], *_patients(predictions, key)) for key in values}


def _replicates(sums: Floats, settings: Bootstrap, name: str) -> Floats:
    """Return resampled sums ``(resamples, K)``; none where there is no interval to be had from so few patients."""
    if len(sums) < settings.minimum_patients:
        return np.full((settings.resamples, sums.shape[1]), np.nan)
    return resample(sums, settings.resamples, settings.generator(name))


def _confusion_figures(sums: Floats, classes: Sequence[str]) -> dict[str, Floats]:
    """Return each figure ``(...)`` of sums ``(..., 3 * C)`` of ``image_counts``."""
    counts = confusion.counts(sums)
    chosen = [CLASSES.index(name) for name in classes]
    figures = {"accuracy": confusion.accuracy(counts)}
    for kind, function in (("recall", confusion.recall), ("precision", confusion.precision), ("f1", confusion.f1)):
        by_class = function(counts)
        figures[f"macro.{kind}"] = confusion.macro(by_class[..., chosen])
        for place, name in enumerate(CLASSES):
            figures[f"classes.{name}.{kind}"] = by_class[..., place]
    return figures


def _mean_figures(sums: Floats, runs: int) -> dict[str, Floats]:
    """Return the mean of each figure over ``runs``, whose sums stand side by side, ``(..., runs * 3 * C)``."""
    each = [_confusion_figures(part, CLASSES) for part in np.split(sums, runs, axis=-1)]
    return {key: np.asarray(np.mean([figures[key] for figures in each], axis=0)) for key in each[0]}


def _recall_figures(sums: Floats) -> dict[str, Floats]:
    """Return accuracy and recalls ``(...)`` of sums ``(..., 2 * C)``: images, and right ones, of each class."""
    images, right = np.split(sums, 2, axis=-1)
    counts = confusion.Counts(images=images, predicted=np.zeros_like(images), right=right)
    recall = confusion.recall(counts)
    by_class = {f"classes.{name}.recall": recall[..., place] for place, name in enumerate(CLASSES)}
    return {"accuracy": confusion.accuracy(counts)} | by_class


def _patients(predictions: Predictions, key: str) -> tuple[int, str]:
    """Return how many patients the figure ``key`` rests on, and what to call them."""
    if not key.startswith("classes."):
        return predictions.n_patients, "patient"
    place = CLASSES.index(key.split(".")[1])
    return count_patients(predictions.patients[predictions.labels == place]), "patient with this class"
