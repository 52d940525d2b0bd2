"""What is said of a film, and of a model: read by who asks, without NumPy or a network."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, Self

from dicom_router.claims import AgeLimits, Claim
from dicom_router.model.folder import MODEL, Specification, read_specification
from dicom_router.reasons import Reason

Action = Literal["route", "review"]
ROUTE: Final = "route"
REVIEW: Final = "review"


class ReviewReason(StrEnum):
    """Why a person must look: the closed list."""

    UNSURE = "unsure"  # a mistake would cost more than a look
    OUTLIER = "outlier"  # unlike every film of the training


@dataclass(frozen=True)
class Decision:
    """What to do with a film; without a reason it is routed."""

    label: str
    reasons: tuple[ReviewReason, ...] = ()

    @property
    def action(self) -> Action:
        """Return ``review`` where there is a reason to."""
        return REVIEW if self.reasons else ROUTE


@dataclass(frozen=True)
class Guarantee:
    """What is certified of the films that are routed, and what was asked for.

    With ``confidence``, at most ``certified_error`` of the patients that have a film routed have one routed
    wrongly, among patients like those of the calibration films.
    """

    maximum_error: float
    confidence: float
    certified_error: float | None  # None: nothing is certified
    sites: tuple[str, ...] = ()  # of the calibration films

    @property
    def met(self) -> bool:
        """Say whether what is certified is what was asked for."""
        return self.certified_error is not None and self.certified_error <= self.maximum_error

    @property
    def statement(self) -> str:
        """Return it in a few words."""
        if self.met:
            return f"guarantee met: certified at {self.maximum_error:.2%} with {self.confidence:.0%} confidence"
        certified = "nothing is certified" if self.certified_error is None else f"certified only at {self._rounded_up}"
        return f"guarantee not met: {certified} (asked for {self.maximum_error:.2%})"

    @property
    def _rounded_up(self) -> str:
        assert self.certified_error is not None
        return f"{math.ceil(self.certified_error * 1000) / 1000:.1%}"


def guarantee_of(specification: Specification) -> Guarantee:
    """Take the section ``thresholds`` of ``calibration.json`` or ``model.json``."""
    thresholds = specification["thresholds"]
    return Guarantee(
        thresholds["maximum_error"],
        thresholds["confidence"],
        thresholds["certified_error"],
        tuple(thresholds["sites"]),
    )


@dataclass(frozen=True)
class Facts:
    """What a model's specification says of the model."""

    version: str
    synthetic: bool  # trained on synthetic images
    guarantee: Guarantee
    untrained: tuple[str, ...]  # classes without a film among those of the training
    age_limits: AgeLimits | None  # where its labels draw the line between child and adult

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the specification of the model in ``folder``, and check the files that it vouches for.

        Raises:
            ModelError: the folder is incomplete, damaged, or of another release.
        """
        return cls.of(read_specification(folder, MODEL))

    @classmethod
    def of(cls, specification: Specification) -> Self:
        """Take the facts from ``model.json``."""
        dataset: Mapping[str, Any] = specification["dataset"]
        trained = dataset["images"].get("train", {})
        limits = dataset.get("labelling")
        return cls(
            version=str(specification["version"]),
            synthetic=bool(specification["synthetic"]),
            guarantee=guarantee_of(specification),
            untrained=tuple(name for name in specification["classes"] if not trained.get(name)),
            age_limits=None if limits is None else AgeLimits(**limits),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what whoever uses the model must hear once."""
        return (*(() if self.guarantee.met else (self.guarantee.statement,)), *self.gaps)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Return what the model cannot recognise, a sentence each."""
        return tuple(f"this model was never trained on {name}: it cannot recognise it" for name in self.untrained)


@dataclass(frozen=True)
class Result:
    """What became of one file: a label with a decision, or a reason why there is none.

    ``path`` names the source: a file, ``archive.zip!/inner/name``, or ``<bytes>``.
    """

    path: Path
    label: str | None = None
    probabilities: tuple[float, ...] | None = None  # of CLASSES, summing to 1
    reason: Reason | None = None
    detail: str = ""
    decision: Decision | None = None  # route or review; None without a label
    outlier_score: float | None = None  # the squared distance to the nearest class; the larger, the less known
    claim: Claim | None = None  # what the header says; None without a label
    guarantee: str = ""  # what is certified of the films that the model routes
    model: str = ""  # its version
    synthetic_model: bool = False
    seconds: float | None = None  # from the file to the decision; None where the process was lost

    @property
    def routed(self) -> bool:
        """Say whether the label may be acted on."""
        return self.decision is not None and self.decision.action == ROUTE

    @property
    def disagrees(self) -> bool | None:
        """Say whether the pixels show another class than the header allows; None where it says nothing."""
        return None if self.label is None or self.claim is None else self.claim.disagrees(self.label)


def unanswered(path: Path, reason: Reason, detail: str, facts: Facts, seconds: float | None = None) -> Result:
    """Return what stands in place of an answer where there is none."""
    return Result(
        path,
        reason=reason,
        detail=detail,
        model=facts.version,
        synthetic_model=facts.synthetic,
        seconds=seconds,
    )
