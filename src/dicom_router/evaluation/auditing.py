"""An archive's tags set beside what a model sees: how often each agrees, and which films are likely mislabelled.

Neither side is the truth. Where a routed film contradicts its header, one of the two is wrong, and past audits say that
it is the header in about 15% of films in routine practice (Gueld et al. 2002); a person decides.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from dicom_router.claims import ANOTHER_WORD, Claim
from dicom_router.evaluation.estimates import NO_IMAGE, Estimate
from dicom_router.evaluation.exact import clopper_pearson
from dicom_router.labels import CHESTS, CLASSES
from dicom_router.model.answers import Result

BODY_PART: Final = "body part"
AGE: Final = "age"
# What is told of: the attribute, and the films that it says something of.
TAGS: Final = {BODY_PART: ("BodyPartExamined", "films"), AGE: ("PatientAge", "films that show a chest")}
Claimed = tuple[str, ...]  # the classes that a tag allows; all where it rules none out
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
        by_part = bool(result.claim.part_allows) and result.label not in result.claim.part_allows
        return cls(result, BODY_PART if by_part else AGE, max(0.0, suspicion))

    @property
    def rank(self) -> tuple[bool, float, str]:
        """Return what sorts the most suspicious first: routed films, then by suspicion, ties by path."""
        return not self.result.routed, -self.suspicion, str(self.result.path)


def _no_pairs() -> dict[str, Pairs]:
    return {tag: Counter() for tag in TAGS}


@dataclass
class Audit:
    """What was seen so far; memory grows with the films that contradict their header alone."""

    films: int = 0  # with an answer
    routed: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)  # by reason code
    pairs: Mapping[str, Pairs] = field(default_factory=_no_pairs)  # by tag; for the age, of films that show a chest
    routed_pairs: Mapping[str, Pairs] = field(default_factory=_no_pairs)
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
        self.films += 1
        self.routed += result.routed
        for tag, pair in _said(result.claim, result.label):
            self.pairs[tag][pair] += 1
            self.routed_pairs[tag][pair] += result.routed
        self.unknown_words += result.claim.BodyPartExamined == ANOTHER_WORD
        if result.disagrees:
            self.contradictions.append(Contradiction.of(result))

    @property
    def seen(self) -> int:
        """Return the number of files, with and without an answer."""
        return self.films + self.unreadable.total()

    def ranked(self) -> list[Contradiction]:
        """Return the films that contradict their header, the likeliest mislabelled first."""
        return sorted(self.contradictions, key=lambda each: each.rank)


def _said(claim: Claim, label: str) -> Iterator[tuple[str, tuple[Claimed, str]]]:
    """Yield what each tag says of a film beside what that shows; an age says nothing but which chest one is."""
    yield BODY_PART, (claim.part_allows or SILENT, label)
    if label in CHESTS:
        yield AGE, (tuple(name for name in claim.age_allows if name in CHESTS) or SILENT, label)


@dataclass(frozen=True)
class Agreement:
    """Of the films whose tag makes one claim: what the model sees, and how often that is allowed."""

    claim: Claimed
    films: int
    labels: Mapping[str, int]  # films by what the model sees, in the order of CLASSES
    share: Estimate  # of films that show what the claim allows; exact binomial interval


def agreements(pairs: Pairs, confidence: float = 0.95) -> list[Agreement]:
    """Return the agreement matrix of ``pairs``, a row for each claim, the narrow ones first."""
    claims = sorted({claim for (claim, _), count in pairs.items() if count}, key=_order)
    return [_agreement(claim, pairs, confidence) for claim in claims]


def telling(rows: Iterable[Agreement]) -> int:
    """Return the number of films whose tag rules something out."""
    return sum(row.films for row in rows if row.claim != SILENT)


def overall(rows: Iterable[Agreement], confidence: float = 0.95) -> Estimate:
    """Return the share of films that show what their tag allows, of those whose tag rules something out."""
    rows = list(rows)
    right = sum(_allowed(row.claim, row.labels) for row in rows if row.claim != SILENT)
    return _share(right, telling(rows), confidence)


def _agreement(claim: Claimed, pairs: Pairs, confidence: float) -> Agreement:
    labels = {name: pairs[claim, name] for name in CLASSES}
    films = sum(labels.values())
    if claim == SILENT:
        return Agreement(claim, films, labels, Estimate.undefined("the tag rules nothing out"))
    return Agreement(claim, films, labels, _share(_allowed(claim, labels), films, confidence))


def _allowed(claim: Claimed, labels: Mapping[str, int]) -> int:
    return sum(labels[name] for name in claim)


def _share(right: int, films: int, confidence: float) -> Estimate:
    if not films:
        return Estimate.undefined(NO_IMAGE)
    return Estimate(right / films, *clopper_pearson(right / films, films, confidence))


def _order(claim: Claimed) -> tuple[int, list[int]]:
    return len(claim), [CLASSES.index(name) for name in claim]
