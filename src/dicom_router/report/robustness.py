"""What becomes of films that arrive otherwise than they should."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicom_router.model.answers import REVIEW
from dicom_router.report.forest import Forest, forest, score_axis
from dicom_router.report.geometry import Axis
from dicom_router.report.wording import NAMES, percent

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Way:
    """One way in which the films arrived."""

    title: str
    document: Document
    drawing: Forest  # of the share that is right or sent to review


@dataclass(frozen=True)
class Picture:
    """One film as the network saw it in one way, and what came of it."""

    title: str
    read_as: str
    decision: str
    right: bool
    safe: bool
    pixels: NDArray[np.uint8]  # (S, S)


@dataclass(frozen=True)
class Arrivals:
    """The ways, the axis of their drawings, one film in all of them, and a sentence on all."""

    axis: Axis
    ways: tuple[Way, ...]
    pictures: tuple[Picture, ...]
    sentence: str


def arrivals(document: Document, film: NDArray[np.uint8]) -> Arrivals:
    """Return what the page shows of ``reports/robustness.json`` and of the pictures ``(K, S, S)`` of one film."""
    ways = document["ways"]
    axis = score_axis(way["safe"] for way in ways.values())
    rows = tuple(Way(way["title"], way, forest(axis, {"test": way["safe"]})) for way in ways.values())
    return Arrivals(axis, rows, _pictures(document, film), sentence(document))


def sentence(document: Document) -> str:
    """Say whether enough films are right or sent to review, whatever was done to them."""
    target, ways = percent(document["target"]), document["ways"]
    if document["worst"] is None:
        return "There is no test film, so it is not known what becomes of films that arrive otherwise."
    if not any(way["routed"] for way in ways.values()):
        return "No film is routed, whatever is done to it: all go to review, so this shows nothing."
    if not document["missed"]:
        worst = ways[document["worst"]]
        least = f"{worst['title'].lower()}: {percent(worst['safe']['value'])}"
        return f"Whatever was done to the films, at least {target} of them are right or sent to review ({least})."
    missed = ", ".join(
        f"{ways[name]['title'].lower()} ({percent(ways[name]['safe']['value'])})" for name in document["missed"]
    )
    return f"Fewer than {target} of the films are right or sent to review under: {missed}."


def _pictures(document: Document, film: NDArray[np.uint8]) -> tuple[Picture, ...]:
    shown = document["shown"]
    if shown is None:
        return ()
    return tuple(
        _picture(document["ways"][name]["title"], shown["label"], outcome, pixels)
        for (name, outcome), pixels in zip(shown["ways"].items(), film, strict=True)
    )


def _picture(title: str, label: str, outcome: Document, pixels: NDArray[np.uint8]) -> Picture:
    right = outcome["predicted"] == label
    reasons = outcome["reasons"].replace(",", ", ")
    decision = ": ".join(filter(None, (outcome["decision"], reasons)))
    safe = right or outcome["decision"] == REVIEW
    return Picture(title, NAMES[outcome["predicted"]], decision, right, safe, pixels)
