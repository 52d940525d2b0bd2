"""``reports/test.json`` and ``reports/external.json``: every figure of a set of images."""

from typing import Any

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.confusion import confusion_matrix
from dicom_router.evaluation.curves import average_precision, roc_auc
from dicom_router.evaluation.estimates import nested
from dicom_router.evaluation.figures import (
    confusion_samples,
    estimates,
    exact_accuracy,
    exact_recall,
    probability_change,
    probability_samples,
)
from dicom_router.evaluation.predictions import Predictions, Scored, count_patients
from dicom_router.evaluation.subgroups import subgroups
from dicom_router.labels import CLASSES

Document = dict[str, Any]


def evaluation_document(scored: Scored, settings: Bootstrap) -> Document:
    """Return the document of the images ``scored``."""
    predictions = Predictions.from_table(scored.table)
    overall = nested(estimates(_samples(predictions, settings), settings))
    before = nested(estimates(probability_samples(scored.uncalibrated, settings, "before calibration"), settings))
    change = probability_change(predictions, scored.uncalibrated, settings, "change by calibration")
    return {
        "n": len(predictions.labels),
        "patients": predictions.n_patients,
        "synthetic": scored.synthetic,
        "macro": overall["macro"],
        "accuracy": overall["accuracy"],
        "accuracy_exact": exact_accuracy(predictions, settings),
        **{name: overall[name] for name in ("log_loss", "brier", "ece")},
        "before_calibration": before,
        "change_by_calibration": nested(estimates(change, settings)),
        "classes": {
            name: _class(predictions, place, overall["classes"][name], settings) for place, name in enumerate(CLASSES)
        },
        "confusion": confusion_matrix(predictions.labels, predictions.predicted, len(CLASSES)).tolist(),
        "subgroups": subgroups(scored.table, settings),
        "method": method(settings),
        "remarks": remarks(predictions, settings),
    }


def method(settings: Bootstrap) -> Document:
    """Return how the intervals were made."""
    return {
        "interval": "percentile bootstrap",
        "unit": "patient",
        "resamples": settings.resamples,
        "confidence": settings.confidence,
        "minimum_patients": settings.minimum_patients,
        "seed": settings.seed,
        "exact_interval": "Clopper-Pearson; images of one patient count as wholly alike",
    }


def remarks(predictions: Predictions, settings: Bootstrap) -> list[str]:
    """Return sentences on classes that are missing, or too few for their figures to be trusted."""
    found = []
    for place, name in enumerate(CLASSES):
        patients = count_patients(predictions.patients[predictions.labels == place])
        if not patients:
            found.append(f"{name}: no image; left out of the macro averages")
        elif patients < settings.minimum_patients:
            found.append(
                f"{name}: {patients} patient{'s' if patients > 1 else ''}, fewer than {settings.minimum_patients};"
                " it counts fully in the macro averages, which are less certain than their intervals say"
            )
    return found


def summary_metrics(document: Document) -> Document:
    """Return the few numbers that experiments are compared by, without their intervals."""
    figures = {f"macro_{name}": document["macro"][name]["value"] for name in ("recall", "precision", "f1")}
    return figures | {name: document[name]["value"] for name in ("accuracy", "log_loss", "brier", "ece")}


def _samples(predictions: Predictions, settings: Bootstrap) -> dict[str, Any]:
    confusion = confusion_samples(predictions, settings, "confusion")
    return {**confusion, **probability_samples(predictions, settings, "after calibration")}


def _class(predictions: Predictions, place: int, figures: Document, settings: Bootstrap) -> Document:
    images = predictions.labels == place
    scores = predictions.probabilities[:, place]
    return {
        "n": int(images.sum()),
        "patients": count_patients(predictions.patients[images]),
        **figures,
        "recall_exact": exact_recall(predictions, place, settings),
        "roc_auc": _area(roc_auc(images, scores)),
        "average_precision": _area(average_precision(images, scores)),
    }


def _area(area: float | None) -> Document:
    reason = "one class only" if area is None else "no interval is computed for areas"
    return {"value": None if area is None else round(area, 9), "low": None, "high": None, "reason": reason}
