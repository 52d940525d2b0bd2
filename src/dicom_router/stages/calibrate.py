"""Stage ``calibrate``: the temperature of the exported network, from the calibration split alone."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicom_router.evaluation.curves import reliability_table
from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.probability import image_terms, probability_figures
from dicom_router.model.cache import PixelCache
from dicom_router.model.calibration import Temperature, fit_temperature
from dicom_router.model.folder import to_json
from dicom_router.model.inference import Network
from dicom_router.model.probabilities import softmax
from dicom_router.params import load_params
from dicom_router.stages.running import run
from dicom_router.storage import write_atomically


def main() -> None:
    """Fit the temperature; write ``artifacts/calibration/calibration.json``."""
    params = load_params()
    cache = PixelCache.open(Path("artifacts/pixels"))
    rows = cache.rows("calibration")
    logits = Network.load(Path("artifacts/network")).logits(np.asarray(cache.pixels[rows]))
    labels = cache.labels(rows)
    temperature = fit_temperature(logits, labels, params.calibrate.minimum_images)
    document = calibration_document(logits, labels, temperature)
    write_atomically(Path("artifacts/calibration/calibration.json"), to_json(document))
    print(one_line(document))


def calibration_document(
    logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: Temperature
) -> dict[str, Any]:
    """Return what ``calibration.json`` holds: temperature, figures and reliability before and after."""
    before, after = (_predictions(logits, labels, value) for value in (1.0, temperature.value))
    return {
        "temperature": temperature.value,
        "reason": temperature.reason,
        "n": len(labels),
        "before": _figures(before),
        "after": _figures(after),
        "reliability": reliability_table(before, after).to_dict("records"),
        "thresholds": None,
        "features": None,
    }


def one_line(document: dict[str, Any]) -> str:
    """Return the document as one line of text."""
    if document["reason"]:
        return f"temperature {document['temperature']:g}: {document['reason']}"
    before, after = document["before"], document["after"]
    return (
        f"temperature {document['temperature']:.4f} from {document['n']} images:"
        f" log-loss {before['log_loss']:.4f} -> {after['log_loss']:.4f}, ECE {before['ece']:.4f} -> {after['ece']:.4f}"
    )


def _predictions(logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: float) -> Predictions:
    return Predictions(labels, softmax(logits, temperature), np.arange(len(labels), dtype=np.int64))


def _figures(predictions: Predictions) -> dict[str, float | None]:
    """Return log-loss, Brier score and ECE; None where there is no image."""
    figures = probability_figures(image_terms(predictions).sum(axis=0))
    return {name: round(float(value), 10) if np.isfinite(value) else None for name, value in figures.items()}


if __name__ == "__main__":
    run(main)
