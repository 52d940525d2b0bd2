"""Small drawings of figures with their intervals, one a table row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dicom_router.report.geometry import Axis, floor_of
from dicom_router.report.wording import number

WIDTH: Final = 160
MARGIN: Final = 10

Figure = Mapping[str, Any]


@dataclass(frozen=True)
class Mark:
    """A dot with its whisker."""

    style: str  # "test", "external", "published", "exact"
    y: float
    x: float | None  # None: the interval alone is drawn
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Forest:
    """The drawing of a row."""

    axis: Axis
    height: float
    marks: tuple[Mark, ...]
    title: str


def score_axis(figures: Iterable[Figure]) -> Axis:
    """Return an axis up to 1 that holds all ``figures`` and their bounds."""
    bounds = [each[key] for each in figures for key in ("value", "low") if each[key] is not None]
    return Axis(floor_of(bounds), 1.0, MARGIN, WIDTH - MARGIN)


def forest(axis: Axis, figures: Mapping[str, Figure]) -> Forest:
    """Draw ``figures`` (by style) under one another; ``exact`` is an interval under the figure before it."""
    marks, y = [], 2.0
    for style, figure in figures.items():
        if figure["value"] is None:
            continue
        y += 5.0 if style == "exact" else 10.0
        marks.append(_mark(axis, style, y, figure))
    words = "; ".join(f"{style} {_in_words(figure)}" for style, figure in figures.items())
    return Forest(axis, max(y + 9, 22), tuple(marks), words)


def _mark(axis: Axis, style: str, y: float, figure: Figure) -> Mark:
    low, high = (None if figure[key] is None else axis.at(figure[key]) for key in ("low", "high"))
    return Mark(style, y, None if style == "exact" else axis.at(figure["value"]), low, high)


def _in_words(figure: Figure) -> str:
    if figure["low"] is None:
        return number(figure["value"])
    return f"{number(figure['value'])}, interval {number(figure['low'])} to {number(figure['high'])}"
