"""Stage ``calibrate``: temperature, thresholds and outlier statistics of the exported network.

Train gives the statistics of features, validation the outlier limit and the sequence of rules, calibration the
temperature and where in the sequence to stop; ``model/certifying.py`` says why in this order.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router.evaluation.curves import reliability_table
from dicom_router.evaluation.predictions import Predictions, patient_numbers
from dicom_router.evaluation.probability import image_terms, probability_figures
from dicom_router.model.answers import guarantee_of
from dicom_router.model.cache import PixelCache
from dicom_router.model.calibration import Temperature, fit_temperature
from dicom_router.model.folder import to_json
from dicom_router.model.network import Network
from dicom_router.model.outlier_fitting import OutlierLimit, fit_statistics, outlier_limit
from dicom_router.model.outliers import FILE
from dicom_router.model.outputs import network_outputs
from dicom_router.model.probabilities import softmax
from dicom_router.model.thresholds import Judged, Wanted, fit_thresholds
from dicom_router.params import load_params
from dicom_router.stages.running import run
from dicom_router.storage import write_atomically

FOLDER = Path("artifacts/calibration")


@dataclass(frozen=True)
class Side:
    """The images of one side of the split, as the network sees them."""

    logits: NDArray[np.float32]  # (N, C)
    features: NDArray[np.float32]  # (N, F)
    labels: NDArray[np.int64]  # (N,)
    index: pd.DataFrame  # N rows

    @classmethod
    def of(cls, cache: PixelCache, network: Network, split: str) -> Self:
        """Run the network on the images of ``split``."""
        rows = cache.rows(split)
        logits, features = network_outputs(network, cache.pixels, rows)
        return cls(logits, features, cache.labels(rows), cache.index.iloc[rows])

    def judged(self, known: NDArray[np.bool_]) -> Judged:
        """Return what thresholds are made of."""
        return Judged(self.logits, self.labels, patient_numbers(self.index), known)


def main() -> None:
    """Fit all of it; write ``artifacts/calibration/``."""
    params = load_params()
    cache, network = PixelCache.open(Path("artifacts/pixels")), Network.load(Path("artifacts/network"))
    train, validation, calibration = (Side.of(cache, network, name) for name in ("train", "validation", "calibration"))
    statistics = fit_statistics(train.features, train.labels)
    scores = [statistics.scores(side.features) for side in (validation, calibration)]
    limit = outlier_limit(scores[0] if len(statistics.means) else scores[0][:0], params.calibrate.outlier_share)
    known = [score <= limit.largest for score in scores]
    temperature = fit_temperature(calibration.logits, calibration.labels, params.calibrate.minimum_images)
    document = calibration_document(calibration.logits, calibration.labels, temperature) | {
        "thresholds": fit_thresholds(
            validation.judged(known[0]),
            calibration.judged(known[1]),
            Wanted(params.calibrate.maximum_error, params.calibrate.confidence, params.calibrate.costs.model_dump()),
            temperature.value,
            sorted(set(calibration.index["site"].astype(str))),
        ),
        "features": feature_section(limit, params.calibrate.outlier_share, len(train.labels), known[1]),
    }
    write_atomically(FOLDER / FILE, statistics.to_bytes())
    write_atomically(FOLDER / "calibration.json", to_json(document))
    print(one_line(document))
    print(guarantee_line(document))


def feature_section(
    limit: OutlierLimit, asked_share: float, training_films: int, known: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return the section ``features``: the limit, how it was chosen, and how many calibration films exceed it."""
    return {
        "limit": limit.limit,
        "asked_share": asked_share,
        "known_share": limit.known_share,
        "training_films": training_films,
        "validation_films": limit.films,
        "calibration_films": len(known),
        "calibration_outliers": int((~known).sum()),
    }


def calibration_document(
    logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: Temperature
) -> dict[str, Any]:
    """Return what ``calibration.json`` holds of probabilities: temperature, figures, reliability, before and after."""
    before, after = (_predictions(logits, labels, value) for value in (1.0, temperature.value))
    return {
        "temperature": temperature.value,
        "reason": temperature.reason,
        "n": len(labels),
        "before": _figures(before),
        "after": _figures(after),
        "reliability": reliability_table(before, after).to_dict("records"),
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


def guarantee_line(document: dict[str, Any]) -> str:
    """Return what is certified, and what it would take, as one line of text."""
    thresholds = document["thresholds"]
    return "; ".join(filter(None, (guarantee_of(document).statement, thresholds["reason"])))


def _predictions(logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: float) -> Predictions:
    return Predictions(labels, softmax(logits, temperature), np.arange(len(labels), dtype=np.int64))


def _figures(predictions: Predictions) -> dict[str, float | None]:
    """Return log-loss, Brier score and ECE; None where there is no image."""
    figures = probability_figures(image_terms(predictions).sum(axis=0))
    return {name: round(float(value), 10) if np.isfinite(value) else None for name, value in figures.items()}


if __name__ == "__main__":
    run(main)
