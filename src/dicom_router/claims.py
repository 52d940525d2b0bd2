"""What a header claims that a film shows, as classes: BodyPartExamined and PatientAge, set beside the pixels.

BodyPartExamined is wrong in about 15% of films in routine practice, so a claim is only compared and
never believed: neither over a label nor over the pixels.
"""

from dataclasses import dataclass
from typing import Final

from dicom_router.body_parts import WORDS, classes_of, words_of
from dicom_router.labels import CLASSES

Allowed = tuple[str, ...]  # classes in the order of CLASSES; none where nothing is said

ANOTHER_WORD: Final = "?"
MONTHS_BELOW: Final = 2  # years; younger patients' ages are told in months


@dataclass(frozen=True)
class AgeLimits:
    """Where labels draw the line between child and adult, in years; between the two a chest may be called either."""

    adult_from_years: float
    borderline_from_years: float


@dataclass(frozen=True)
class Claim:
    """What a header says, and the classes that this allows.

    ``BodyPartExamined`` holds words of ``body_parts.py`` alone, ``?`` where there is any other and "" for none: an
    attribute of free choice may hold a name.
    """

    BodyPartExamined: str = ""
    age_years: float | None = None
    part_allows: Allowed = ()  # by BodyPartExamined
    age_allows: Allowed = ()  # by PatientAge, which rules out one chest of the two

    @property
    def allows(self) -> Allowed:
        """Return what both allow; nothing where neither says anything."""
        said = [allowed for allowed in (self.part_allows, self.age_allows) if allowed]
        return tuple(name for name in CLASSES if said and all(name in allowed for allowed in said))

    @property
    def in_words(self) -> str:
        """Return ``CHEST, 45 years``, or what there is of it."""
        age = "" if self.age_years is None else age_in_words(self.age_years)
        return ", ".join(filter(None, (self.BodyPartExamined, age)))

    def disagrees(self, label: str) -> bool | None:
        """Say whether ``label`` is not allowed; None where the header says nothing of it."""
        return label not in self.allows if self.allows else None


def claim_of(body_part: str, age_years: float | None, limits: AgeLimits | None) -> Claim:
    """Return what a header with this BodyPartExamined and age claims; without ``limits`` no age says anything."""
    words = words_of(body_part)
    return Claim(
        BodyPartExamined=" ".join(words) if WORDS.issuperset(words) and (words or not body_part) else ANOTHER_WORD,
        age_years=age_years,
        part_allows=_in_order(classes_of(words)),
        age_allows=_in_order(_of_age(age_years, limits)),
    )


def body_part_agrees(part: str, label: str) -> bool | None:
    """Say whether BodyPartExamined ``part`` allows ``label``; None where it says nothing of it."""
    allowed = classes_of(words_of(part))
    return None if allowed is None else label in allowed


def age_in_words(years: float) -> str:
    """Return ``34 years``, and months of the youngest."""
    return f"{years:.0f} years" if years >= MONTHS_BELOW else f"{12 * years:.0f} months"


def _in_order(classes: frozenset[str] | None) -> Allowed:
    return tuple(name for name in CLASSES if name in (classes or ()))


def _of_age(age_years: float | None, limits: AgeLimits | None) -> frozenset[str] | None:
    """Return the classes that a film of this age may be of, None where the age rules out none."""
    if age_years is None or limits is None:
        return None
    if age_years >= limits.adult_from_years:
        return frozenset(CLASSES) - {"pediatric_chest"}
    return frozenset(CLASSES) - {"adult_chest"} if age_years < limits.borderline_from_years else None
