"""What the exported network said of the test films, for the model's folder."""

from typing import Final

import numpy as np
import pandas as pd

from dicom_router.labels import CLASSES
from dicom_router.model.answers import REVIEW, ReviewReason
from dicom_router.model.cache import PixelCache
from dicom_router.model.network import Network
from dicom_router.model.outputs import network_outputs
from dicom_router.model.test_films import TestFilms

LARGEST: Final = float(np.finfo(np.float16).max)


def remember(network: Network, cache: PixelCache, predictions: pd.DataFrame) -> TestFilms | None:
    """Return the test films as ``predictions``, with their decisions, has them; None where there are none.

    Patients are numbered anew, and films stand in an order drawn by a fixed seed, so that neither says anything.
    """
    if predictions.empty:
        return None
    order = np.random.default_rng(0).permutation(len(predictions))
    table = predictions.iloc[order]
    rows = pd.Index(cache.index["path"]).get_indexer(pd.Index(table["path"])).astype(np.int64)
    _, features = network_outputs(network, cache.pixels, rows)
    reasons = table["reasons"].astype(str)
    return TestFilms(
        patients=pd.factorize(table["group"])[0].astype(np.int32),
        labels=pd.Index(CLASSES).get_indexer(pd.Index(table["predicted"].astype(object))).astype(np.int8),
        confidence=table["confidence"].to_numpy(np.float32),
        review=(table["decision"] == REVIEW).to_numpy(bool),
        outlier=reasons.str.contains(ReviewReason.OUTLIER).to_numpy(bool),
        features=np.clip(features, -LARGEST, LARGEST).astype(np.float16),
    )
