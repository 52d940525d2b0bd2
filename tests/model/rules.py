"""A routing rule and statistics of features, made up."""

from pathlib import Path
from typing import Any

import numpy as np

from dicom_router.labels import CLASSES
from dicom_router.model.outliers import FILE, FeatureStatistics

COSTS: dict[str, list[float]] = {
    name: [0.0 if place == other else 10.0 for other in range(5)] for place, name in enumerate(CLASSES)
}
CHILD, ADULT = CLASSES.index("pediatric_chest"), CLASSES.index("adult_chest")
COSTS["pediatric_chest"][ADULT] = 50.0


def thresholds(strictness: float = 1.0, certified_error: float | None = 0.12) -> dict[str, Any]:
    """Return a section ``thresholds``."""
    return {
        "maximum_error": 0.005,
        "confidence": 0.95,
        "certified_error": certified_error,
        "reason": "made up",
        "strictness": strictness,
        "break_even": 1.0,
        "costs": COSTS,
        "sites": ["north"],
        "patients": 40,
        "patients_needed": 598,
        "patients_to_collect": 1196,
        "steps": [],
    }


def features(limit: float | None = None) -> dict[str, Any]:
    """Return a section ``features``; without a limit nothing is an outlier."""
    return {"limit": limit, "asked_share": 0.01, "known_share": 0.01}


def write_statistics(folder: Path, num_features: int) -> None:
    """Write statistics of features whose means are 0."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = np.eye(num_features, dtype=np.float32)
    (folder / FILE).write_bytes(FeatureStatistics(np.zeros((1, num_features), np.float32), identity).to_bytes())
