"""What a row of labels.csv means: the class it names and the patient it belongs to."""

import pandas as pd

from dicom_router.dataset import pseudonyms
from dicom_router.errors import UnknownLabel
from dicom_router.labels import parse_label


def canonical_labels(labels: "pd.Series[str]") -> "pd.Series[str]":
    """Replace each alias by its class; text that names no class stays as it is."""
    return labels.map({text: _canonical(text) for text in labels.unique()})


def _canonical(text: str) -> str:
    try:
        return parse_label(text)
    except UnknownLabel:
        return text


def is_placeholder(identifiers: "pd.Series[str]") -> "pd.Series[bool]":
    """Say which identifiers name nobody, such as "", "ANON" and "0"."""
    return identifiers.map({text: pseudonyms.is_placeholder(text) for text in identifiers.unique()}).astype(bool)


def group_ids(labels: pd.DataFrame) -> "pd.Series[str]":
    """Return what is split as one: the patient; where unknown the study; where that is unknown too, the image.

    A film without patient belongs to the patient that its study names, in the same import or an
    earlier one: a later import must not give earlier films another group.
    """
    nameless = is_placeholder(labels["patient_id"])
    no_study = is_placeholder(labels["study_id"])
    named = labels[~nameless & ~no_study].sort_values(["batch", "patient_id"]).drop_duplicates("study_id")
    named = named.set_index("study_id")
    owned = labels["study_id"].map(named["batch"]) <= labels["batch"]
    study = ("study:" + labels["study_id"]).mask(owned, labels["study_id"].map(named["patient_id"]))
    return labels["patient_id"].mask(nameless, study.mask(no_study, "image:" + labels["path"]))
