"""What a header claims that a film shows, as classes: BodyPartExamined and PatientAge, set beside the pixels.

BodyPartExamined is wrong in about 15% of films in routine practice, so a claim is only compared and
never believed: neither over a label nor over the pixels.
"""

import re
from dataclasses import dataclass
from typing import Final

from dicom_router.labels import CLASSES

_CHEST: Final = frozenset({"adult_chest", "pediatric_chest"})
_ABDOMEN: Final = frozenset({"abdomen"})
_SPINE: Final = frozenset({"spine"})
_OTHER: Final = frozenset({"other"})

_OF_CLASSES: Final = {
    _CHEST: "CHEST THORAX LUNG LUNGS RIB RIBS RIBCAGE HEART LUNGE RIPPEN",
    _CHEST | _ABDOMEN: "CHESTABDOMEN CHESTABDPELVIS TRUNK BABYGRAM",
    _ABDOMEN: "ABDOMEN ABDOMENPELVIS KUB KIDNEY BLADDER COLON STOMACH LIVER",
    _SPINE: "SPINE CSPINE TSPINE LSPINE SSPINE CTSPINE TLSPINE LSSPINE WHOLESPINE SCOLIOSIS COCCYX SACRUM "
    "CERVICALSPINE THORACICSPINE LUMBARSPINE HWS BWS LWS WIRBELSAEULE HALSWIRBELSAEULE",
    _OTHER: "SKULL HEAD FACE JAW MANDIBLE MAXILLA TEETH NOSE ORBIT SINUS PARANASALSINUS ZYGOMA NECK "
    "SHOULDER CLAVICLE SCAPULA ARM UPPERARM HUMERUS ELBOW FOREARM RADIUS ULNA WRIST HAND FINGER THUMB "
    "EXTREMITY PELVIS HIP SIJOINT LEG FEMUR THIGH KNEE PATELLA TIBIA FIBULA ANKLE FOOT CALCANEUS TOE BREAST "
    "BECKEN FUSS HUEFTE KNIE SCHAEDEL SCHULTER",
}
# BodyPartExamined, letters only (PS3.16 Annex L, and what modalities send), to the classes that it allows.
BODY_PARTS: Final = {part: classes for classes, parts in _OF_CLASSES.items() for part in parts.split()}
ANOTHER_WORD: Final = "?"


@dataclass(frozen=True)
class AgeLimits:
    """Where labels draw the line between child and adult, in years; between the two a chest may be called either."""

    adult_from_years: float
    borderline_from_years: float


@dataclass(frozen=True)
class Claim:
    """What a header says, and the classes that this allows.

    ``BodyPartExamined`` holds a word of ``BODY_PARTS`` alone, ``?`` for any other and "" for none: an attribute of
    free choice may hold a name. ``allows`` is empty where nothing is said.
    """

    BodyPartExamined: str = ""
    age_years: float | None = None
    allows: tuple[str, ...] = ()

    def disagrees(self, label: str) -> bool | None:
        """Say whether ``label`` is not allowed; None where the header says nothing of it."""
        return label not in self.allows if self.allows else None


def claim_of(body_part: str, age_years: float | None, limits: AgeLimits | None) -> Claim:
    """Return what a header with this BodyPartExamined and age claims; without ``limits`` no age says anything."""
    letters = _letters(body_part)
    by_part, by_age = BODY_PARTS.get(letters), _of_age(age_years, limits)
    said = [allowed for allowed in (by_part, by_age) if allowed is not None]
    return Claim(
        BodyPartExamined=letters if by_part else ANOTHER_WORD if body_part else "",
        age_years=age_years,
        allows=tuple(name for name in CLASSES if said and all(name in allowed for allowed in said)),
    )


def body_part_agrees(part: str, label: str) -> bool | None:
    """Say whether BodyPartExamined ``part`` allows ``label``; None where it is absent or unknown here."""
    allowed = BODY_PARTS.get(_letters(part))
    return None if allowed is None else label in allowed


def _of_age(age_years: float | None, limits: AgeLimits | None) -> frozenset[str] | None:
    """Return the classes that a film of this age may be of, None where the age rules out none."""
    if age_years is None or limits is None:
        return None
    if age_years >= limits.adult_from_years:
        return frozenset(CLASSES) - {"pediatric_chest"}
    return frozenset(CLASSES) - {"adult_chest"} if age_years < limits.borderline_from_years else None


def _letters(body_part: str) -> str:
    return re.sub("[^A-Z]", "", body_part.upper())
