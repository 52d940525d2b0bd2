"""Figures of held-out sites: what facts without anatomy tell, and recalls of several trainings together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.estimates import estimate
from dicom_router.evaluation.figures import exact_share, mean_change
from dicom_router.evaluation.predictions import Integers, Mask, Predictions, patient_numbers
from dicom_router.figures import in_words
from dicom_router.labels import CLASSES

FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "height, width": ("Rows", "Columns"),
    "aspect ratio": ("aspect",),
    "kind of file": ("file_format",),
    "greys": ("mean", "std", "black_fraction", "white_fraction", "contrast"),
}


def replaceable(images: pd.DataFrame) -> list[str]:
    """Return the sites of whose classes another site has films too: those that training can do without."""
    pairs = images[["site", "label"]].drop_duplicates()
    elsewhere = pairs["label"].map(pairs["label"].value_counts()) > 1
    return sorted(name for name, each in elsewhere.groupby(pairs["site"]) if each.all())


def probed(images: pd.DataFrame, columns: Sequence[str]) -> list[tuple[Mask, Integers]]:
    """Return which films of test, and external, a regression on ``columns`` of train gets right, and whose they are."""
    facts = pd.get_dummies(images[list(columns)]).astype(np.float64)
    train = (images["split"] == "train").to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000, class_weight="balanced"))
    model.fit(facts[train], images["label"][train])
    judged = []
    for split in ("test", "external"):
        rows = images[images["split"] == split]
        judged.append((model.predict(facts.loc[rows.index]) == rows["label"].to_numpy(), patient_numbers(rows)))
    return judged


def with_aspect(images: pd.DataFrame) -> pd.DataFrame:
    """Add the logarithm of width over height."""
    return images.assign(aspect=np.log(images["Columns"] / images["Rows"]))


def pooled_recall(said: Sequence[Predictions], settings: Bootstrap) -> Mapping[str, Any]:
    """Return the share of right answers of all trainings, its exact interval counting each patient once."""
    right = np.concatenate([each.correct for each in said])
    return exact_share(right, np.concatenate([each.patients for each in said]), settings)


def recall_change(
    after: Sequence[Predictions], before: Sequence[Predictions], settings: Bootstrap
) -> Mapping[str, Any]:
    """Return the mean recall of ``after`` minus that of ``before``, patients drawn for both together.

    Raises:
        ValueError: they are not of the same films, patient by patient.
    """
    if any(not np.array_equal(each.patients, before[0].patients) for each in after):
        raise ValueError("the two were not asked about the same films, and cannot be compared patient by patient")
    return estimate(mean_change(after, before, settings, "real sites")["accuracy"], settings).to_dict()


def called(said: Sequence[Predictions]) -> str:
    """Return what wrong answers were, the most frequent first."""
    wrong = Counter(CLASSES[place] for each in said for place in each.predicted[~each.correct])
    return ", ".join(f"{number} {name}" for name, number in wrong.most_common()) or "-"


def in_two_decimals(figure: Mapping[str, Any]) -> str:
    """Return a figure in two decimals where it has an interval, else with the reason."""
    if figure["value"] is None or figure["low"] is None:
        return in_words(figure)
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
