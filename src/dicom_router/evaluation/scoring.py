"""From the pixel cache and the exported network to calibrated probabilities: what is deployed is what is scored."""

from pathlib import Path

import numpy as np

from dicom_router.evaluation.predictions import Predictions, Scored, patient_numbers, predictions_table
from dicom_router.evaluation.reading import read_rule, read_temperature
from dicom_router.evaluation.routing import with_decisions
from dicom_router.model.cache import PixelCache
from dicom_router.model.network import Network
from dicom_router.model.outliers import FILE, FeatureStatistics
from dicom_router.model.outputs import network_outputs
from dicom_router.model.probabilities import softmax


def score_split(artifacts: Path, split: str, threads: int) -> Scored:
    """Run the network of ``artifacts`` on the images of ``split``, and calibrate; rows are in the order of paths.

    Raises:
        DataError: an artifact is missing or damaged.
        ModelError: the network is.
    """
    cache = PixelCache.open(artifacts / "pixels")
    rows = cache.rows(split)
    rows = rows[np.argsort(cache.index["path"].to_numpy(str)[rows], kind="stable")]
    network = Network.load(artifacts / "network", threads=threads)
    logits, features = network_outputs(network, cache.pixels, rows)
    calibration = artifacts / "calibration"
    table = predictions_table(cache.index.iloc[rows], softmax(logits, read_temperature(calibration)))
    scores = FeatureStatistics.load(calibration / FILE).scores(features)
    table = with_decisions(table, read_rule(calibration), logits, scores)
    uncalibrated = Predictions(cache.labels(rows), softmax(logits), patient_numbers(table))
    return Scored(table, uncalibrated, bool(network.specification["synthetic"]))
