"""The films of the pixel cache, from the one whose label is least likely to be right to the one that is surest."""

from typing import Final

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dicom_router.dataset.near_duplicates.table import group_of
from dicom_router.dataset.rows import canonical_labels
from dicom_router.evaluation.confident_learning import (
    likely_errors,
    normalised_margin,
    self_confidence,
    strongest_other,
)
from dicom_router.evaluation.predictions import Floats, Integers, count_patients, patient_numbers
from dicom_router.labels import CLASSES

COLUMNS: Final = ("rank", "path", "label", "suggested", "self_confidence", "suggested_confidence", "likely_error")
DIGITS: Final = 6  # of stored probabilities


def with_current_labels(index: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the cache's ``index`` that ``labels`` lists with a class, and the class that stands there now.

    Labels may have been corrected since the cache was made; the pixels do not depend on them.
    """
    now = labels.drop_duplicates("path").set_index("path")["label"]
    label = index["path"].map(canonical_labels(now))
    return index.assign(label=label)[label.isin(CLASSES)]


def independent_groups(films: pd.DataFrame, links: pd.DataFrame) -> Integers:
    """Return ``(N,)``, equal for films of one patient, and of patients whom near-duplicates (``links``) connect."""
    patients = patient_numbers(films)
    # By group: films may be connected by one that is not among ``films``, since it is quarantined for instance.
    alike = pd.DataFrame({"patient": patients, "group": films["path"].map(group_of(links)).to_numpy()}).dropna()
    ends = (alike["patient"].to_numpy(), alike.groupby("group")["patient"].transform("first").to_numpy())
    count = count_patients(patients)
    _, groups = connected_components(coo_array((np.ones(len(alike)), ends), shape=(count, count)), directed=False)
    return np.asarray(groups[patients], np.int64)


def rank_labels(paths: "pd.Series[str]", labels: "pd.Series[str]", probabilities: Floats) -> pd.DataFrame:
    """Return ``COLUMNS`` of every film, the least credible label first: by normalised margin, ties by path.

    Args:
        paths: of the films.
        labels: the classes they carry.
        probabilities: ``(N, C)``, by networks that have not seen the film nor its patient.
    """
    given = pd.Index(CLASSES).get_indexer(pd.Index(labels.astype(object))).astype(np.int64)
    other = strongest_other(given, probabilities)
    table = pd.DataFrame(
        {
            "path": paths.to_numpy(object),
            "label": labels.to_numpy(object),
            "suggested": np.array(CLASSES, dtype=object)[other],
            "self_confidence": self_confidence(given, probabilities).round(DIGITS),
            "suggested_confidence": probabilities[np.arange(len(given)), other].round(DIGITS),
            "likely_error": likely_errors(given, probabilities),
            "margin": normalised_margin(given, probabilities),
        }
    )
    table = table.sort_values(["likely_error", "margin", "path"], ascending=[False, True, True], ignore_index=True)
    return table.assign(rank=table.index + 1)[list(COLUMNS)]
