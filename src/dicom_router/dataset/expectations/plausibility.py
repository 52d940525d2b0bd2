"""Does the header agree with the label? Rules as data; a disagreement is a finding, never a verdict.

BodyPartExamined is wrong in about 15% of films in routine practice, so what it says is only
compared, per dataset, and never believed over the label.
"""

import re
from typing import Final

import pandas as pd

from dicom_router.params import Labelling

_CHEST: Final = frozenset({"adult_chest", "pediatric_chest"})
_ABDOMEN: Final = frozenset({"abdomen"})
_SPINE: Final = frozenset({"spine"})
_OTHER: Final = frozenset({"other"})

_OF_LABELS: Final = {
    _CHEST: "CHEST THORAX LUNG LUNGS RIB RIBS RIBCAGE HEART",
    _CHEST | _ABDOMEN: "CHESTABDOMEN CHESTABDPELVIS TRUNK BABYGRAM",
    _ABDOMEN: "ABDOMEN ABDOMENPELVIS KUB KIDNEY BLADDER COLON STOMACH LIVER",
    _SPINE: "SPINE CSPINE TSPINE LSPINE SSPINE CTSPINE TLSPINE LSSPINE WHOLESPINE SCOLIOSIS COCCYX SACRUM "
    "CERVICALSPINE THORACICSPINE LUMBARSPINE",
    _OTHER: "SKULL HEAD FACE JAW MANDIBLE MAXILLA TEETH NOSE ORBIT SINUS PARANASALSINUS ZYGOMA NECK "
    "SHOULDER CLAVICLE SCAPULA ARM UPPERARM HUMERUS ELBOW FOREARM RADIUS ULNA WRIST HAND FINGER THUMB "
    "EXTREMITY PELVIS HIP SIJOINT LEG FEMUR THIGH KNEE PATELLA TIBIA FIBULA ANKLE FOOT CALCANEUS TOE BREAST",
}
# BodyPartExamined, letters only (PS3.16 Annex L, and what modalities send), to the labels that it allows.
BODY_PARTS: Final = {part: labels for labels, parts in _OF_LABELS.items() for part in parts.split()}

# Modality values of a projection radiograph; others are read too where the SOP class says radiograph.
RADIOGRAPH_MODALITIES: Final = ("CR", "DX", "DR", "RG", "PX", "")


def body_part_agrees(part: str, label: str) -> bool | None:
    """Say whether BodyPartExamined ``part`` allows ``label``; None where it is absent or unknown here."""
    allowed = BODY_PARTS.get(re.sub("[^A-Z]", "", part.upper()))
    return None if allowed is None else label in allowed


def age_finding(label: str, age_years: float, labelling: Labelling) -> str:
    """Compare ``age_years`` (nan: unknown) with a chest label.

    Returns:
        "child" for a child labelled adult_chest, "adult" for an adult labelled pediatric_chest, "borderline"
        for an adolescent labelled adult_chest, "" otherwise.
    """
    if label == "pediatric_chest" and age_years >= labelling.adult_from_years:
        return "adult"
    if label == "adult_chest" and age_years < labelling.borderline_from_years:
        return "child"
    if label == "adult_chest" and age_years < labelling.adult_from_years:
        return "borderline"
    return ""


def with_plausibility(images: pd.DataFrame, labelling: Labelling) -> pd.DataFrame:
    """Add ``age`` (the table's, else the header's), ``age_difference``, ``age_finding`` and ``body_part_agrees``."""
    age = images["age_years"].fillna(images["header_age_years"])
    return images.assign(
        age=age,
        age_difference=(images["age_years"] - images["header_age_years"]).abs(),
        age_finding=[age_finding(*pair, labelling) for pair in zip(images["label"], age, strict=True)],
        body_part_agrees=pd.Series(
            [body_part_agrees(*pair) for pair in zip(images["BodyPartExamined"], images["label"], strict=True)],
            index=images.index,
            dtype=object,
        ),
    )
