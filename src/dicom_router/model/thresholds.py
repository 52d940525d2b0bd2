"""From films and what is asked for to the section ``thresholds`` of ``calibration.json``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicom_router.model.certifying import (
    Certificate,
    certify,
    lay_sequence,
    patients_needed,
    patients_to_collect,
    step,
    surest,
)
from dicom_router.model.decision import certainties, cost_matrix, routable


@dataclass(frozen=True)
class Judged:
    """Films as the network sees them."""

    logits: NDArray[np.float32]  # (N, C)
    labels: NDArray[np.int64]  # (N,) places in CLASSES
    patients: NDArray[np.int64]  # (N,) 0 to P-1
    known: NDArray[np.bool_]  # (N,) no outliers

    @property
    def n_patients(self) -> int:
        """Return how many patients the films are of."""
        return len(np.unique(self.patients))


@dataclass(frozen=True)
class Wanted:
    """What the user asks for."""

    maximum_error: float
    confidence: float
    costs: Mapping[str, list[float]]  # rows by true class


def fit_thresholds(
    validation: Judged, calibration: Judged, wanted: Wanted, floor: float, sites: Sequence[str]
) -> dict[str, Any]:
    """Return the section: the rule, what is certified of it, and what it would take to certify more.

    Args:
        validation: lays the sequence of rules.
        calibration: judges it.
        wanted: the error, the confidence and the costs.
        floor: the temperature of the calibrated probabilities.
        sites: where the calibration films come from: what is certified holds for patients like theirs.
    """
    costs = cost_matrix(wanted.costs)
    needed = patients_needed(wanted.maximum_error, wanted.confidence)
    certainty = np.where(validation.known, certainties(validation.logits, costs), 0.0)
    sequence = lay_sequence(surest(certainty, validation.patients), calibration.n_patients, needed)
    wrong = calibration.logits.argmax(axis=1) != calibration.labels
    steps = [
        step(
            float(strictness),
            calibration.known & routable(calibration.logits, costs, strictness),
            wrong,
            calibration.patients,
            wanted.confidence,
        )
        for strictness in sequence
    ]
    certificate = certify(steps, wanted.maximum_error, wanted.confidence, floor)
    return _section(certificate, calibration, wanted, floor, sites)


def _section(
    certificate: Certificate, calibration: Judged, wanted: Wanted, floor: float, sites: Sequence[str]
) -> dict[str, Any]:
    n_patients, first = calibration.n_patients, next(iter(certificate.steps), None)
    needed = patients_needed(wanted.maximum_error, wanted.confidence)
    return {
        "maximum_error": wanted.maximum_error,
        "confidence": wanted.confidence,
        "certified_error": certificate.certified_error,
        "reason": certificate.reason,
        "strictness": certificate.strictness,
        "break_even": floor,
        "costs": {name: list(row) for name, row in wanted.costs.items()},
        "sites": list(sites),
        "patients": n_patients,
        "patients_needed": needed,
        "patients_to_collect": patients_to_collect(first, n_patients, needed) if first else None,
        "steps": [asdict(each) for each in certificate.steps],
    }
