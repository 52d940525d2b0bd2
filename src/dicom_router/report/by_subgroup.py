"""Figures of subgroups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dicom_router.labels import CLASSES
from dicom_router.report.forest import Forest, forest, score_axis
from dicom_router.report.geometry import Axis

Document = Mapping[str, Any]

ATTRIBUTES: Final = {
    "cohort": "Cohort",
    "site": "Hospital",
    "sex": "Sex",
    "age_band": "Age in years",
    "view": "View",
}  # the others are called by their DICOM keyword


@dataclass(frozen=True)
class SubgroupRow:
    """One value of an attribute."""

    name: str
    document: Document
    drawing: Forest
    weak: frozenset[str]  # classes, or "accuracy", that are worse here than over all films


@dataclass(frozen=True)
class Attribute:
    """The values of an attribute that films differ by."""

    name: str
    axis: Axis
    rows: tuple[SubgroupRow, ...]


def attributes(document: Document, style: str) -> tuple[Attribute, ...]:
    """Return the attributes with at least two values, drawn in the ``style`` of the cohort."""
    return tuple(
        _attribute(ATTRIBUTES.get(name, name), values, document, style)
        for name, values in document["subgroups"].items()
        if len(values) > 1
    )


def uniform(document: Document) -> tuple[str, ...]:
    """Return the attributes that all films share, as ``Hospital: north``."""
    return tuple(
        f"{ATTRIBUTES.get(name, name)}: {next(iter(values))}"
        for name, values in document["subgroups"].items()
        if len(values) == 1
    )


def _attribute(name: str, values: Document, overall: Document, style: str) -> Attribute:
    axis = score_axis(group[key] for group in values.values() for key in ("accuracy", "accuracy_exact"))
    rows = tuple(
        SubgroupRow(
            value,
            group,
            forest(axis, {style: group["accuracy"], "exact": group["accuracy_exact"]}),
            frozenset(_weak(group, overall)),
        )
        for value, group in values.items()
    )
    return Attribute(name, axis, rows)


def _weak(group: Document, overall: Document) -> list[str]:
    """Return what has an interval that lies wholly under the figure of all films."""
    pairs = {"accuracy": (group["accuracy"], overall["accuracy"])}
    pairs |= {name: (group["classes"][name]["recall"], overall["classes"][name]["recall"]) for name in CLASSES}
    return [name for name, (part, whole) in pairs.items() if part["high"] is not None and part["high"] < whole["value"]]
