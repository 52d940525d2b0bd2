"""Drawings of curves: what is drawn where, for the templates to write down as SVG."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
import pandas as pd

from dicom_router.labels import CLASSES
from dicom_router.report.geometry import Frame, frame, round_step
from dicom_router.report.wording import NAMES, number

ZOOMS: Final = (0.05, 0.1, 0.2, 0.5)  # part of the axes that is shown where all curves keep to a corner


@dataclass(frozen=True)
class Series:
    """A curve, with its style (a class of the style sheet) and its entry in the legend."""

    style: str
    name: str
    figure: str
    points: str  # of a polyline; may be empty
    dots: tuple[tuple[float, float, float], ...] = ()  # x, y, radius
    whiskers: tuple[tuple[float, float, float], ...] = ()  # x, and y from and to
    band: str = ""  # points of a polygon around the curve


@dataclass(frozen=True)
class Chart:
    """A drawing with axes."""

    key: str  # unlike that of any other chart of the page
    title: str
    description: str
    x_label: str
    y_label: str
    frame: Frame
    series: tuple[Series, ...]
    guides: tuple[str, ...] = ()  # polylines in the background
    note: str = ""


def roc_chart(key: str, table: pd.DataFrame, classes: Mapping[str, Any]) -> Chart:
    """Draw the ROC curves of each class against the rest, enlarged where they keep to the corner."""
    zoom = _zoom(table, 1 - table["false_positive_rate"], table["true_positive_rate"])
    drawing = frame((0.0, zoom), (1 - zoom, 1.0))
    series = _class_curves(table, drawing, "false_positive_rate", "true_positive_rate", classes, "roc_auc")
    return Chart(
        key,
        "ROC, one class against the rest",
        "The higher and the further left a curve, the better; the figure is the area under it.",
        "false positive rate",
        "true positive rate (recall)",
        drawing,
        tuple(series),
        guides=(drawing.points((0, 1), (0, 1)),),
        note=_enlarged(zoom, "upper left"),
    )


def pr_chart(key: str, table: pd.DataFrame, classes: Mapping[str, Any]) -> Chart:
    """Draw precision over recall of each class, enlarged where the curves keep to the corner."""
    zoom = _zoom(table, table["recall"], table["precision"])
    drawing = frame((1 - zoom, 1.0), (1 - zoom, 1.0))
    return Chart(
        key,
        "Precision and recall",
        "The higher and the further right a curve, the better; the figure is the average precision.",
        "recall",
        "precision",
        drawing,
        tuple(_class_curves(table, drawing, "recall", "precision", classes, "average_precision")),
        note=_enlarged(zoom, "upper right"),
    )


def reliability_chart(key: str, table: pd.DataFrame, document: Mapping[str, Any]) -> Chart:
    """Draw how often the network is right over how sure it is, before and after calibration."""
    drawing = frame((0.0, 1.0), (0.0, 1.0))
    figures = {"before": document["before_calibration"]["ece"], "after": document["ece"]}
    largest = max(table["n"], default=1)
    series = []
    for calibration, figure in figures.items():
        bins = table[table["calibration"] == calibration]
        dots = tuple(
            (drawing.x.at(x), drawing.y.at(y), round(2 + 6 * sqrt(n / largest), 2))
            for x, y, n in zip(bins["confidence"], bins["accuracy"], bins["n"], strict=True)
        )
        whiskers = tuple(
            (drawing.x.at(x), drawing.y.at(low), drawing.y.at(high))
            for x, low, high in zip(bins["confidence"], bins["low"], bins["high"], strict=True)
        )
        points = drawing.points(bins["confidence"], bins["accuracy"])
        name = f"{calibration} calibration"
        series.append(Series(calibration, name, f"ECE {number(figure['value'])}", points, dots, whiskers))
    return Chart(
        key,
        "Reliability",
        "On the diagonal the network is right as often as it says; below it, it is too sure. Larger dots: more films;"
        " whiskers: exact 95% intervals.",
        "confidence",
        "share that is right",
        drawing,
        tuple(series),
        guides=(drawing.points((0, 1), (0, 1)),),
    )


def training_charts(history: pd.DataFrame, best_epoch: int) -> Iterator[Chart]:
    """Draw loss and validation scores over epochs, with a line at the epoch that was kept."""
    if history.empty:
        return
    kinds = (
        ("Loss", "loss", {"train_loss": "training", "validation_loss": "validation"}, False),
        ("Validation", "score", {"validation_macro_f1": "macro F1", "validation_accuracy": "accuracy"}, True),
    )
    for title, label, columns, score in kinds:
        present = {
            column: name for column, name in columns.items() if column in history and history[column].notna().any()
        }
        if present:
            yield _training_chart(history, best_epoch, title, label, present, score)


def _training_chart(
    history: pd.DataFrame, best_epoch: int, title: str, label: str, columns: Mapping[str, str], score: bool
) -> Chart:
    values = history[list(columns)].to_numpy(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    step = round_step(max(high - low, 0.02) / 4)
    bottom = max(0.0, np.floor(low / step) * step) if score else 0.0
    top = 1.0 if score else float(np.ceil(high / step) * step)
    first, last = float(history["epoch"].min()), float(history["epoch"].max())
    drawing = frame((first, max(last, first + 1)), (float(bottom), top))
    series = []
    for place, (column, name) in enumerate(columns.items()):
        known = history[history[column].notna()]
        points = drawing.points(known["epoch"], known[column])
        series.append(Series(f"line{place}", name, _at_best(known, column, best_epoch), points))
    return Chart(
        f"training-{label}",
        title,
        f"Over {len(history)} epochs; the upright line marks epoch {best_epoch}, whose weights were kept.",
        "epoch",
        label,
        drawing,
        tuple(series),
        guides=(drawing.points((best_epoch, best_epoch), (bottom, top)),),
    )


def _at_best(history: pd.DataFrame, column: str, best_epoch: int) -> str:
    found = history.loc[history["epoch"] == best_epoch, column]
    return number(float(found.iloc[0])) if len(found) else ""


def _class_curves(
    table: pd.DataFrame, drawing: Frame, x: str, y: str, classes: Mapping[str, Any], area: str
) -> Iterator[Series]:
    for place, name in enumerate(CLASSES):
        curve = table[table["class"] == name]
        if len(curve):
            points = drawing.points(curve[x], curve[y])
            yield Series(f"class{place}", NAMES[name], number(classes[name][area]["value"]), points)


def _zoom(table: pd.DataFrame, good_x: "pd.Series[float]", good_y: "pd.Series[float]") -> float:
    """Return the smallest part of the axes, 1 for all, with the point of every curve that is best in x and y."""
    if table.empty:
        return 1.0
    both = pd.concat([good_x, good_y], axis=1).min(axis=1)
    miss = 1 - float(both.groupby(table["class"]).max().min())
    return next((zoom for zoom in ZOOMS if miss <= zoom / 2), 1.0)


def _enlarged(zoom: float, corner: str) -> str:
    return f"Enlarged: only the {corner} {zoom:g} x {zoom:g} of the axes is shown." if zoom < 1 else ""
