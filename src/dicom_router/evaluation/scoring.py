"""From the pixel cache and the exported network to calibrated probabilities: what is deployed is what is scored."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.evaluation.predictions import Predictions, Scored, patient_numbers, predictions_table
from dicom_router.evaluation.reading import read_temperature
from dicom_router.model.cache import PixelCache
from dicom_router.model.inference import Network
from dicom_router.model.probabilities import softmax

ROWS: Final = 512  # read from the memory-mapped pixels at once


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
    logits = _logits(network, cache.pixels, rows)
    table = predictions_table(cache.index.iloc[rows], softmax(logits, read_temperature(artifacts / "calibration")))
    uncalibrated = Predictions(cache.labels(rows), softmax(logits), patient_numbers(table))
    return Scored(table, uncalibrated, bool(network.specification["synthetic"]))


def _logits(network: Network, pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return ``(N, C)``, reading ``ROWS`` images at a time."""
    starts = range(0, max(len(rows), 1), ROWS)
    return np.concatenate([network.logits(np.asarray(pixels[rows[start : start + ROWS]])) for start in starts])
