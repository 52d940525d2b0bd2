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
    """Return what is split as one: the patient; where unknown the study; where that is unknown too, the image."""
    study = ("study:" + labels["study_id"]).mask(is_placeholder(labels["study_id"]), "image:" + labels["path"])
    return labels["patient_id"].mask(is_placeholder(labels["patient_id"]), study)
