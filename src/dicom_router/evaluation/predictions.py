"""What the network said about a set of images, as arrays and as the table on disk."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.model.answers import ROUTE

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PROBABILITIES: Final = tuple(f"p_{name}" for name in CLASSES)


@dataclass(frozen=True)
class Predictions:
    """N images: their class, the probabilities given to the classes, and whose they are."""

    labels: Integers  # (N,) places in CLASSES
    probabilities: Floats  # (N, C), rows summing to 1
    patients: Integers  # (N,) 0 to P-1, every number in use

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Self:
        """Take ``label``, the columns ``p_*`` and the patient of each row of a predictions table.

        Raises:
            DataError: a label is no class.
        """
        labels = pd.Index(CLASSES).get_indexer(pd.Index(table["label"].astype(object)))
        if (labels < 0).any():
            unknown = sorted(set(table["label"][labels < 0].astype(str)))
            raise DataError(f"label(s) {', '.join(unknown)} in the predictions; accepted: {', '.join(CLASSES)}")
        probabilities = table[list(PROBABILITIES)].to_numpy(np.float64)
        return cls(labels.astype(np.int64), probabilities, patient_numbers(table))

    @property
    def n_patients(self) -> int:
        """Return how many patients the images are of."""
        return count_patients(self.patients)

    @property
    def predicted(self) -> Integers:
        """Return the most probable class ``(N,)``, the first one of a tie."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> Floats:
        """Return the probability of the predicted class ``(N,)``."""
        return np.asarray(self.probabilities.max(axis=1, initial=0.0))

    @property
    def correct(self) -> Mask:
        """Return where the prediction is right ``(N,)``."""
        return np.asarray(self.predicted == self.labels)

    def where(self, mask: Mask) -> "Predictions":
        """Return the images of ``mask`` ``(N,)``, their patients numbered anew."""
        patients = np.unique(self.patients[mask], return_inverse=True)[1].astype(np.int64)
        return Predictions(self.labels[mask], self.probabilities[mask], patients)


@dataclass(frozen=True)
class Scored:
    """A set of images that the network has judged."""

    table: pd.DataFrame  # what ``predictions_table`` returns
    uncalibrated: Predictions  # the same rows, before calibration
    synthetic: bool  # the films are, and figures say nothing about real ones


def patient_numbers(table: pd.DataFrame) -> Integers:
    """Return ``(N,)``, equal where the patient is.

    The patient is ``group``, the unit that the split kept together (a study where an export has
    no usable patient id), else ``patient_id``; an empty id is a patient of its own.
    """
    ids = table["group" if "group" in table else "patient_id"].astype(object).fillna("").astype(str)
    alone = "\0" + table["path"].astype(str)
    return np.unique(ids.where(ids != "", alone).to_numpy(str), return_inverse=True)[1].astype(np.int64)


def routed(table: pd.DataFrame) -> Mask:
    """Return ``(N,)``, where a table ``with_decisions`` says that the film is routed."""
    return np.asarray((table["decision"] == ROUTE).to_numpy(bool))


def count_patients(patients: Integers) -> int:
    """Return how many different numbers ``patients`` ``(N,)`` holds."""
    return len(np.unique(patients))


def predictions_table(index: pd.DataFrame, probabilities: NDArray[np.floating]) -> pd.DataFrame:
    """Return ``index`` with ``p_*`` (float32), ``predicted``, ``correct`` and ``confidence``, sorted by path.

    Args:
        index: one row an image, with ``path`` and ``label``.
        probabilities: ``(N, C)``, row by row those of ``index``.
    """
    stored = probabilities.astype(np.float32)
    table = index.reset_index(drop=True).copy()
    for place, name in enumerate(PROBABILITIES):
        table[name] = stored[:, place]
    table["predicted"] = np.array(CLASSES, dtype=object)[stored.argmax(axis=1)]
    table["correct"] = (table["predicted"] == table["label"]).to_numpy(bool)
    table["confidence"] = stored.max(axis=1, initial=0.0)
    return table.sort_values("path", kind="stable", ignore_index=True)
