"""External minus internal: what another hospital costs."""

from typing import Any

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.estimates import nested
from dicom_router.evaluation.figures import Samples, confusion_samples, estimates, probability_samples
from dicom_router.evaluation.predictions import Predictions
from dicom_router.labels import CLASSES


def difference(external: Predictions, internal: Predictions, settings: Bootstrap) -> dict[str, Any]:
    """Return external minus internal, with intervals of the difference of two independent samples.

    Both are resampled on their own and the figures of the resamples subtracted. Macro figures
    average over the classes that have images in both, listed as ``compared_classes``, so that a
    missing class is not taken for a loss. Accuracy, log-loss, Brier score and ECE are
    of all images: they also move when the mix of classes does.
    """
    shared = [name for place, name in enumerate(CLASSES) if _has(external, place) and _has(internal, place)]
    ours = _samples(external, settings, "difference: external", shared)
    theirs = _samples(internal, settings, "difference: internal", shared)
    minus = {key: ours[key].minus(theirs[key]) for key in ours}
    return {"compared_classes": shared} | nested(estimates(minus, settings))


def _samples(predictions: Predictions, settings: Bootstrap, name: str, classes: list[str]) -> Samples:
    confusion = confusion_samples(predictions, settings, f"{name}: confusion", classes)
    return {**confusion, **probability_samples(predictions, settings, f"{name}: probability")}


def _has(predictions: Predictions, place: int) -> bool:
    return bool((predictions.labels == place).any())
