"""Does the header agree with the label? Rules as data; a disagreement is a finding, never a verdict."""

from typing import Final

import pandas as pd

from dicom_router.claims import body_part_agrees
from dicom_router.params import Labelling

# Modality values of a projection radiograph; others are read too where the SOP class says radiograph.
RADIOGRAPH_MODALITIES: Final = ("CR", "DX", "DR", "RG", "PX", "")


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
