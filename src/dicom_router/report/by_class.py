"""Figures of each class, and the confusion matrix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dicom_router.labels import CLASSES
from dicom_router.report.forest import Forest, forest, score_axis
from dicom_router.report.geometry import Axis
from dicom_router.report.wording import NAMES, count, percent

Document = Mapping[str, Any]

MEASURES: Final = {"recall": "Recall", "precision": "Precision", "f1": "F1"}


@dataclass(frozen=True)
class ClassRow:
    """The figures of a class, with a drawing of each of ``MEASURES``."""

    name: str
    document: Document
    drawings: Mapping[str, Forest]


@dataclass(frozen=True)
class ClassTable:
    """The figures of all classes of a cohort, and the axis of their drawings."""

    axis: Axis
    rows: tuple[ClassRow, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a confusion matrix."""

    n: int
    share: float  # of the row, 0 to 1
    right: bool
    title: str


def class_table(document: Document, style: str) -> ClassTable:
    """Return the figures of each class, drawn in the ``style`` of the cohort."""
    classes = document["classes"]
    figures = [each[measure] for each in classes.values() for measure in (*MEASURES, "recall_exact")]
    axis = score_axis(figures)
    rows = []
    for name in CLASSES:
        drawings = {measure: forest(axis, {style: classes[name][measure]}) for measure in ("precision", "f1")}
        drawings["recall"] = forest(axis, {style: classes[name]["recall"], "exact": classes[name]["recall_exact"]})
        rows.append(ClassRow(NAMES[name], classes[name], drawings))
    return ClassTable(axis, tuple(rows))


def confusion_rows(document: Document) -> tuple[tuple[str, int, tuple[Cell, ...]], ...]:
    """Return name, number of films and cells of each true class."""
    rows = []
    for true, counts in zip(CLASSES, document["confusion"], strict=True):
        total = sum(counts)
        cells = tuple(_cell(true, said, n, total) for said, n in zip(CLASSES, counts, strict=True))
        rows.append((NAMES[true], total, cells))
    return tuple(rows)


def _cell(true: str, said: str, n: int, total: int) -> Cell:
    share = n / total if total else 0.0
    title = f"{count(n, 'film')} of {NAMES[true].lower()} read as {NAMES[said].lower()}: {percent(share)} of its row"
    return Cell(n, round(share, 4), true == said, title)
