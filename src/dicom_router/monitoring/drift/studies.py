"""Films of the log to studies: the unit of every test, since the films of a study resemble one another."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydicom.uid import UID

from dicom_router.labels import CLASSES
from dicom_router.model.answers import REVIEW, ReviewReason
from dicom_router.model.outliers import rooted

QUALITY: Final = ("exposure", "noise", "saturation", "resolution", "sharpness")
HEADER: Final = ("Manufacturer", "BodyPartExamined", "view")
PROBABILITIES: Final = tuple(f"p_{name}" for name in CLASSES)
COLUMNS: Final = (  # of the log that are read
    *("image", "study", "received", "label", "decision", "reasons", "header_disagrees", "reason", "age_years"),
    *("PhotometricInterpretation", "BitsStored", "TransferSyntaxUID", "outlier_score"),
    *HEADER,
    *QUALITY,
    *PROBABILITIES,
)
UNSAID: Final = "not said"

Row = Mapping[str, Any]


def film_table(rows: Iterable[Row], timezone: str) -> pd.DataFrame:
    """Return ``COLUMNS`` of films, with the ``night`` on which each was read: a date of ``timezone``."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    received = pd.to_datetime(table["received"], utc=True)
    return table.assign(night=received.dt.tz_convert(timezone).dt.date)


def study_table(films: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each study of ``film_table``, sorted, with the first ``night`` that brought a film of it.

    A study has the label of most of its films (of a tie, the first of CLASSES), the mean of their figures, and a
    property where one of its films has it. ``refused`` is a study without an answer to any film; its other columns
    are empty. ``disagrees`` is empty where no header says anything.
    """
    refused = films["label"] == ""
    keys = ["study"]
    answered = films[~refused]
    grouped = films.assign(refused=refused).groupby(keys)
    counts = grouped.agg(night=("night", "min"), films=("refused", "size"), refused=("refused", "all"))
    if answered.empty:
        return counts.reset_index().reindex(columns=["study", "night", "films", "refused", *STUDY_COLUMNS])
    described = answered.assign(
        confidence=answered[list(PROBABILITIES)].max(axis=1),
        review=answered["decision"] == REVIEW,
        outlier=answered["reasons"].str.contains(ReviewReason.OUTLIER),
        encoding=_encoding(answered),
        disagrees=answered["header_disagrees"].astype("boolean"),
    )
    groups = described.groupby(keys)
    figures = groups[["confidence", "age_years", *QUALITY]].mean()
    properties = groups[["review", "outlier"]].any()
    disagrees = described.dropna(subset="disagrees").groupby(keys)["disagrees"].any()
    texts = groups[[*HEADER, "encoding"]].first().replace("", UNSAID)
    table = pd.DataFrame(counts)
    for part in (_labels(described).to_frame(), figures, properties, disagrees.to_frame(), texts):
        table = table.join(part)
    return table.reset_index().sort_values(keys, ignore_index=True)


STUDY_COLUMNS: Final = ("label", "confidence", "age_years", *QUALITY, "review", "outlier", "disagrees", *HEADER, "encoding")  # fmt: skip  # noqa: E501


def _encoding(films: pd.DataFrame) -> "pd.Series[str]":
    """Return grey scale, bits and transfer syntax as one text, the syntax by its name in PS3.6."""
    bits = films["BitsStored"].map(lambda value: "" if pd.isna(value) else f"{int(value)} bit")
    names = {uid: UID(uid).name for uid in films["TransferSyntaxUID"].unique()}
    return films["PhotometricInterpretation"] + " " + bits + " " + films["TransferSyntaxUID"].map(names)


def _labels(films: pd.DataFrame) -> "pd.Series[str]":
    """Return the label of most films of each study."""
    counts = films.groupby(["study", "label"]).size().unstack(fill_value=0)
    ordered = counts.reindex(columns=list(CLASSES), fill_value=0)
    return pd.Series(np.array(CLASSES)[ordered.to_numpy().argmax(axis=1)], ordered.index, name="label")


def embed(studies: pd.DataFrame, films: Iterable[tuple[str, bytes]]) -> NDArray[np.float64]:
    """Return the mean features ``(N, F)`` of each of ``studies``, from pairs of study and features (float16).

    Features are rooted first, as the outlier score takes them. A study without any is a row of NaN.
    """
    pairs = list(films)
    if not pairs:
        return np.full((len(studies), 1), np.nan)
    rows = rooted(np.stack([np.frombuffer(content, "<f2") for _, content in pairs]).astype(np.float32))
    places = pd.Index(studies["study"]).get_indexer(pd.Index([study for study, _ in pairs]))
    sums, counts = np.zeros((len(studies), rows.shape[1])), np.zeros(len(studies))
    known = places >= 0
    np.add.at(sums, places[known], rows[known])
    np.add.at(counts, places[known], 1)
    return np.asarray(sums / np.where(counts, counts, np.nan)[:, None])
