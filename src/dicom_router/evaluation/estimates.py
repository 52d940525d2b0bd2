"""A figure with its interval, or with the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from dicom_router.evaluation.bootstrap import Bootstrap, percentiles
from dicom_router.evaluation.predictions import Floats

DIGITS: Final = 9  # of stored figures
NO_IMAGE: Final = "no image"
NO_SPREAD: Final = "no interval: every resample gives the same figure"
FEWER: Final = "fewer than"


@dataclass(frozen=True)
class Estimate:
    """A figure; ``reason`` says why a bound, or the value itself, is None."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @classmethod
    def undefined(cls, reason: str) -> Self:
        """Return a figure that has no value."""
        return cls(None, reason=reason)

    def to_dict(self) -> dict[str, Any]:
        """Return the form of the JSON documents: ``reason`` only where something is null."""
        figures = {"value": _rounded(self.value), "low": _rounded(self.low), "high": _rounded(self.high)}
        return figures | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True)
class Sampled:
    """A figure of one set of images: its value, its bootstrap replicates, and the patients it rests on."""

    value: float  # NaN where not defined
    replicates: Floats  # (resamples,), NaN where not defined
    patients: int
    unit: str = "patient"  # whom too few of leave no interval: "patient", "patient with this class"

    def minus(self, other: Self) -> "Sampled":
        """Return the difference of two figures of independent sets of patients."""
        fewest = min((self, other), key=lambda figure: figure.patients)
        return Sampled(self.value - other.value, self.replicates - other.replicates, fewest.patients, fewest.unit)


def estimate(figure: Sampled, settings: Bootstrap) -> Estimate:
    """Return the percentile interval of ``figure``, or the reason why it has none."""
    if np.isnan(figure.value):
        return Estimate.undefined(NO_IMAGE)
    if figure.patients < settings.minimum_patients:
        return Estimate(figure.value, reason=_too_few(figure, settings.minimum_patients))
    low, high = percentiles(figure.replicates, settings.confidence)
    if np.isnan(low):
        return Estimate(figure.value, reason="not defined in any resample")
    if low == high:
        return Estimate(figure.value, reason=NO_SPREAD)
    return Estimate(figure.value, low, high)


def nested(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return the figures as the JSON documents hold them: ``macro.recall`` becomes ``{"macro": {"recall": ...}}``."""
    document: dict[str, Any] = {}
    for name, figure in estimates.items():
        *folders, leaf = name.split(".")
        place = document
        for folder in folders:
            place = place.setdefault(folder, {})
        place[leaf] = figure.to_dict()
    return document


def _too_few(figure: Sampled, minimum: int) -> str:
    """Say that there are fewer than ``minimum`` patients, as ``3 patients with this class, fewer than 20``."""
    noun, *rest = figure.unit.split(" ", 1)
    unit = " ".join([noun if figure.patients == 1 else f"{noun}s", *rest])
    return f"{figure.patients} {unit}, {FEWER} {minimum}"


def _rounded(figure: float | None) -> float | None:
    """Round, so that the last bits of a platform's libm do not reach the file; -0.0 becomes 0.0."""
    return None if figure is None else round(figure, DIGITS) + 0.0
