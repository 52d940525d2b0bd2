"""The overall figures: test, external, their difference, and what the paper reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dicom_router.report.forest import Forest, forest, score_axis
from dicom_router.report.geometry import Axis
from dicom_router.report.published import MACRO

Document = Mapping[str, Any]

NONE: Final[Document] = {"value": None, "low": None, "high": None, "reason": ""}
DRAWN: Final = {
    "macro.recall": "Macro recall",
    "macro.precision": "Macro precision",
    "macro.f1": "Macro F1",
    "accuracy": "Accuracy",
}
PLAIN: Final = {"log_loss": "Log-loss", "brier": "Brier score", "ece": "Calibration error (ECE)"}


@dataclass(frozen=True)
class HeadlineRow:
    """One figure of both cohorts."""

    name: str
    test: Document
    external: Document
    difference: Document
    published: Document
    drawing: Forest | None


@dataclass(frozen=True)
class Headline:
    """The rows, and the axis on which those that grow to 1 are drawn."""

    axis: Axis
    rows: tuple[HeadlineRow, ...]


def headline(test: Document, external: Document) -> Headline:
    """Return the overall figures."""
    published = {f"macro.{name}": figure for name, figure in MACRO.items()}
    shown = [figures for key in DRAWN for figures in (find(test, key), find(external, key), published.get(key, NONE))]
    axis = score_axis(shown)
    rows = tuple(_row(key, name, test, external, published.get(key, NONE), axis) for key, name in DRAWN.items())
    return Headline(axis, rows + tuple(_row(key, name, test, external, NONE, None) for key, name in PLAIN.items()))


def find(document: Document, key: str) -> Document:
    """Return the figure whose name is ``key``, as ``macro.recall``."""
    for part in key.split("."):
        document = document[part]
    return document


def _row(
    key: str, name: str, test: Document, external: Document, published: Document, axis: Axis | None
) -> HeadlineRow:
    figures = {"test": find(test, key), "external": find(external, key), "published": published}
    drawing = None if axis is None else forest(axis, figures)
    return HeadlineRow(
        name, figures["test"], figures["external"], find(external["difference"], key), published, drawing
    )
