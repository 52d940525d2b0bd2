"""Figures by hospital, sex, age, view and maker: where a model is weaker than its average says."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.figures import estimates, exact_accuracy, recall_samples
from dicom_router.evaluation.predictions import Mask, Predictions, count_patients
from dicom_router.labels import CLASSES

UNKNOWN: Final = "unknown"
REST: Final = "all others"
MOST_VALUES: Final = 12  # of an attribute: the most frequent ones; the rest count together

# Attribute: the columns that tell it, the first that has a value wins.
ATTRIBUTES: Final[Mapping[str, Sequence[str]]] = {
    "cohort": ("cohort",),
    "site": ("site",),
    "sex": ("sex", "PatientSex"),
    "age_band": ("age_years", "header_age_years"),
    "view": ("view", "ViewPosition"),
    "Manufacturer": ("Manufacturer",),
    "PhotometricInterpretation": ("PhotometricInterpretation",),
    "TransferSyntaxUID": ("TransferSyntaxUID",),
}

# Years; from the first bound up to, not including, the second. 10-17 stands apart: there
# a child's chest begins to look like an adult's, and labellers disagree.
AGE_BANDS: Final = {
    "0-1": (0, 2),
    "2-9": (2, 10),
    "10-17": (10, 18),
    "18-39": (18, 40),
    "40-64": (40, 65),
    "65+": (65, 200),
}


def attribute_values(table: pd.DataFrame, attribute: str) -> pd.Series | None:
    """Return the attribute of each image as text, ``unknown`` where not told; None if no column tells it."""
    columns = [name for name in ATTRIBUTES[attribute] if name in table]
    if not columns:
        return None
    values = table[columns].astype(object).replace("", np.nan).bfill(axis=1).iloc[:, 0]
    if attribute == "age_band":
        return age_bands(pd.to_numeric(values))
    return _most_frequent(values.fillna(UNKNOWN).astype(str))


def age_bands(years: pd.Series) -> pd.Series:
    """Return the name of the band that each age falls into, ``unknown`` where there is none."""
    bands = pd.Series(UNKNOWN, index=years.index, dtype=object)
    for name, (low, high) in AGE_BANDS.items():
        bands[(years >= low) & (years < high)] = name
    return bands


def subgroups(table: pd.DataFrame, settings: Bootstrap) -> dict[str, dict[str, Any]]:
    """Return, for each attribute and each of its values, the figures of ``subgroup``.

    Args:
        table: a predictions table.
        settings: how intervals are computed.
    """
    predictions = Predictions.from_table(table)
    found = {attribute: attribute_values(table, attribute) for attribute in ATTRIBUTES}
    return {
        attribute: {
            value: subgroup(predictions.where((values == value).to_numpy(bool)), settings, f"{attribute}={value}")
            for value in _in_order(attribute, values)
        }
        for attribute, values in found.items()
        if values is not None
    }


def subgroup(predictions: Predictions, settings: Bootstrap, name: str) -> dict[str, Any]:
    """Return n, patients, accuracy, and n, patients and recall of each class, of the images of one subgroup."""
    figures = estimates(recall_samples(predictions, settings, name), settings)
    classes = {}
    for place, label in enumerate(CLASSES):
        images: Mask = predictions.labels == place
        classes[label] = {
            "n": int(images.sum()),
            "patients": count_patients(predictions.patients[images]),
            "recall": figures[f"classes.{label}.recall"].to_dict(),
        }
    return {
        "n": len(predictions.labels),
        "patients": predictions.n_patients,
        "accuracy": figures["accuracy"].to_dict(),
        "accuracy_exact": exact_accuracy(predictions, settings),
        "classes": classes,
    }


def _most_frequent(values: pd.Series) -> pd.Series:
    """Keep the most frequent values, at most ``MOST_VALUES``, ties by name; call the others ``all others``."""
    counts = values.value_counts()
    ranked = sorted(counts.index, key=lambda value: (-counts[value], value))
    if len(ranked) <= MOST_VALUES:
        return values
    return values.where(values.isin(ranked[:MOST_VALUES]), REST)


def _in_order(attribute: str, values: pd.Series) -> list[str]:
    """Return the values that occur: ages from young to old, else by name; the rest and the unknown last."""
    names = list(AGE_BANDS) if attribute == "age_band" else []
    last = [REST, UNKNOWN]

    def rank(value: str) -> tuple[int, str]:
        if value in last:
            return len(names) + 1 + last.index(value), value
        return (names.index(value) if names else 0), value

    return sorted(set(values), key=rank)
