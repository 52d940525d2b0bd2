"""An archive's tags set beside what a model sees: how often they agree, and which films are likely mislabelled.

Neither side is the truth. Where a routed film contradicts its header, one of the two is wrong, and past audits say that
it is the header in about 15% of films in routine practice (Gueld et al. 2002); a person decides.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from dicom_router.claims import body_part_agrees
from dicom_router.evaluation.estimates import NO_IMAGE, Estimate
from dicom_router.evaluation.exact import clopper_pearson
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Result

BODY_PART: Final = "body part"
AGE: Final = "age"
Claimed = tuple[str, ...]  # the classes that a header allows; all where it rules none out
SILENT: Final[Claimed] = CLASSES
Pairs = Counter[tuple[Claimed, str]]  # films by claim and label


@dataclass(frozen=True)
class Contradiction:
    """A film whose pixels show another class than its header allows."""

    result: Result
    about: str  # BODY_PART or AGE
    suspicion: float  # the probability of all classes that the header does not allow

    @classmethod
    def of(cls, result: Result) -> Self:
        """Return what contradicts in a film that disagrees with its header."""
        assert result.label is not None and result.claim is not None and result.probabilities is not None
        allowed = dict(zip(CLASSES, result.probabilities, strict=True))
        suspicion = 1 - sum(allowed[name] for name in result.claim.allows)
        by_age = body_part_agrees(result.claim.BodyPartExamined, result.label) is not False
        return cls(result, AGE if by_age else BODY_PART, max(0.0, suspicion))

    @property
    def routed(self) -> bool:
        """Say whether the model is sure enough of this film to route it."""
        return self.result.decision is not None and self.result.decision.action == "route"

    @property
    def rank(self) -> tuple[bool, float, str]:
        """Return what sorts the most suspicious first: routed films, then by suspicion, ties by path."""
        return not self.routed, -self.suspicion, str(self.result.path)


@dataclass
class Audit:
    """What was seen so far; memory grows with the films that contradict their header alone."""

    films: int = 0  # with an answer
    routed: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)  # by reason code
    pairs: Pairs = field(default_factory=Counter)  # of films with an answer
    routed_pairs: Pairs = field(default_factory=Counter)
    unknown_words: int = 0  # films whose BodyPartExamined is no word known here
    contradictions: list[Contradiction] = field(default_factory=list)
    model: str = ""
    synthetic_model: bool = False

    def add(self, result: Result) -> None:
        """Count one film."""
        self.model, self.synthetic_model = result.model, result.synthetic_model
        if result.label is None or result.claim is None:
            self.unreadable[str(result.reason)] += 1
            return
        pair = (result.claim.allows or SILENT, result.label)
        sure = result.decision is not None and result.decision.action == "route"
        self.films += 1
        self.routed += sure
        self.pairs[pair] += 1
        self.routed_pairs[pair] += sure
        self.unknown_words += result.claim.BodyPartExamined == "?"
        if result.disagrees:
            self.contradictions.append(Contradiction.of(result))

    @property
    def seen(self) -> int:
        """Return the number of files, with and without an answer."""
        return self.films + self.unreadable.total()

    def ranked(self) -> list[Contradiction]:
        """Return the films that contradict their header, the likeliest mislabelled first."""
        return sorted(self.contradictions, key=lambda each: each.rank)


@dataclass(frozen=True)
class Agreement:
    """Of the films whose header makes one claim: what the model sees, and how often that is allowed."""

    claim: Claimed
    films: int
    labels: Mapping[str, int]  # films by what the model sees, in the order of CLASSES
    share: Estimate  # of films that show what the claim allows; exact binomial interval


def agreements(pairs: Pairs, confidence: float = 0.95) -> list[Agreement]:
    """Return the agreement matrix of ``pairs``, a row for each claim, the narrow ones first."""
    claims = sorted({claim for (claim, _), count in pairs.items() if count}, key=_order)
    return [_agreement(claim, pairs, confidence) for claim in claims]


def overall(rows: Iterable[Agreement], confidence: float = 0.95) -> Estimate:
    """Return the share of films that show what their header allows, of those whose header rules something out."""
    telling = [row for row in rows if row.claim != SILENT]
    films = sum(row.films for row in telling)
    return _share(sum(_allowed(row.claim, row.labels) for row in telling), films, confidence)


def _agreement(claim: Claimed, pairs: Pairs, confidence: float) -> Agreement:
    labels = {name: pairs[claim, name] for name in CLASSES}
    films = sum(labels.values())
    if claim == SILENT:
        return Agreement(claim, films, labels, Estimate.undefined("the header rules nothing out"))
    return Agreement(claim, films, labels, _share(_allowed(claim, labels), films, confidence))


def _allowed(claim: Claimed, labels: Mapping[str, int]) -> int:
    return sum(labels[name] for name in claim)


def _share(right: int, films: int, confidence: float) -> Estimate:
    if not films:
        return Estimate.undefined(NO_IMAGE)
    return Estimate(right / films, *clopper_pearson(right / films, films, confidence))


def _order(claim: Claimed) -> tuple[int, list[int]]:
    return len(claim), [CLASSES.index(name) for name in claim]
