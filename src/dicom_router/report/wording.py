"""Figures in words and characters."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from dicom_router.evaluation.estimates import FEWER, NO_IMAGE, NO_SPREAD

NAMES: Final = {
    "abdomen": "Abdomen",
    "adult_chest": "Adult chest",
    "pediatric_chest": "Pediatric chest",
    "spine": "Spine",
    "other": "Other",
}
COHORTS: Final = {"test": "Test", "external": "External"}
DASH: Final = "\N{EN DASH}"
MINUS: Final = "\N{MINUS SIGN}"

Figure = Mapping[str, Any]
Document = Mapping[str, Any]


def number(value: float | None, digits: int = 3) -> str:
    """Return ``0.982``, or a dash."""
    return DASH if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """Return ``+0.012``, or a dash."""
    return DASH if value is None else f"{value:+.{digits}f}".replace("-", MINUS)


def percent(value: float | None) -> str:
    """Return ``98.2%``, or a dash; 0% and 100% only where none and all are meant."""
    if value is None:
        return DASH
    if value in (0, 1):
        return f"{100 * value:g}%"
    return f"{min(max(100 * value, 0.1), 99.9):.1f}%"


def percent_up(value: float) -> str:
    """Return ``11.8%`` of 0.1171: a bound may not look better than it is."""
    return f"{ceil(1000 * value - 1e-9) / 10:.1f}%"


def interval(figure: Figure, digits: int = 3) -> str:
    """Return ``0.977-0.988``, or in short why there is none."""
    if figure["low"] is None:
        return brief(figure["reason"])
    return f"{number(figure['low'], digits)}{DASH}{number(figure['high'], digits)}"


def brief(reason: str) -> str:
    """Return why there is no interval in a word or two, for tables; the whole reason is the cell's title."""
    if FEWER in reason:
        return "few patients"
    return {NO_IMAGE: "no film", NO_SPREAD: "no spread"}.get(reason, reason)


def percent_range(figure: Figure) -> str:
    """Return ``97.7-98.8%``, or nothing where there is no interval."""
    return "" if figure["low"] is None else f"{percent(figure['low'])[:-1]}{DASH}{percent(figure['high'])}"


def accuracy_with_interval(document: Document) -> Figure:
    """Return the accuracy with its bootstrap interval; where it has none, with the exact one."""
    accuracy: Figure = document["accuracy"]
    return accuracy if accuracy["low"] is not None else document["accuracy_exact"]


def percent_interval(figure: Figure, confidence: float) -> str:
    """Return ``95% interval 97.7% to 98.8%``, or why there is none."""
    if figure["low"] is None:
        return str(figure["reason"])
    return f"{confidence * 100:g}% interval {percent(figure['low'])} to {percent(figure['high'])}"


def count(n: int, noun: str) -> str:
    """Return ``1 film``, ``1,234 films``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
