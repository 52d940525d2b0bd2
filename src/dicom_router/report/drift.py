"""``reports/drift/<night>/index.html``: one night for a person with two minutes; and the index over nights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from dicom_router import __version__
from dicom_router.report.charts import Chart, Series
from dicom_router.report.geometry import Frame, frame
from dicom_router.report.page import environment
from dicom_router.report.two_models import Challenger, Change
from dicom_router.storage import OWNER, write_atomically

PAGE: Final = "index.html"
STATES: Final = {"green": "nothing to do", "watch": "watch", "alarm": "act now"}
WIDTH, HEIGHT = 320, 190


@dataclass(frozen=True)
class Point:
    """A signal in a night; what is not known is None."""

    night: date
    value: float | None
    usual: float | None
    low: float | None
    high: float | None
    flagged: bool


@dataclass(frozen=True)
class Row:
    """What one signal says of this night."""

    title: str
    state: str
    flagged: bool
    words: str
    n: int
    usual_n: int
    adjusted: float | None
    effect: float | None
    floor: float


@dataclass(frozen=True)
class Site:
    """A site's night."""

    name: str
    state: str
    commissioned: bool
    standing: str  # what it is compared with, in words
    studies: int
    films: int
    refused: int
    usual_studies: float | None
    accuracy: str
    labelled: str  # how good the model was by films that people labelled, "" where nobody did
    rows: tuple[Row, ...]  # the likeliest cause first
    trends: Mapping[str, Sequence[Point]]  # by the title of a signal

    @property
    def causes(self) -> tuple[Row, ...]:
        """Return what is flagged."""
        return tuple(row for row in self.rows if row.flagged)


@dataclass(frozen=True)
class Film:
    """A film that is shown, small enough to tell nobody apart."""

    png: str  # a data: address
    site: str
    label: str
    said: str  # BodyPartExamined and age
    why: str


@dataclass(frozen=True)
class Night:
    """What the page shows."""

    night: date
    state: str
    unjudged: str  # why the state means nothing, "" where it does
    model: str
    synthetic: bool
    red: tuple[str, ...]  # what must be said of the model in red
    verdict: str
    changed: tuple[str, ...]  # since the night that was looked at before
    to_do: tuple[str, ...]
    sites: tuple[Site, ...]
    films: tuple[Film, ...]
    challenger: Challenger | None
    change: Change | None  # of the champion, in this night
    account: tuple[str, ...]  # of the run
    messages: tuple[str, ...]  # that did not arrive yet
    audits: tuple[tuple[str, str], ...]  # of each site, what a person is asked to look at, and what lists it


@dataclass(frozen=True)
class Past:
    """A line of the index."""

    night: date
    state: str
    verdict: str
    sites: Mapping[str, str]  # the state of each
    ran: bool  # a run came to its end


def write_night(folder: Path, night: Night) -> Path:
    """Write the page of ``night`` below ``folder``, for its owner alone; return where it lies."""
    place = folder / night.night.isoformat() / PAGE
    charts = {site.name: [trend_chart(site.name, *trend, night.night) for trend in site.trends.items()] for site in night.sites}  # fmt: skip  # noqa: E501
    page = environment().get_template("drift.html.jinja")
    content = page.render(page=night, charts=charts, states=STATES, version=__version__)
    write_atomically(place, content.encode("utf-8"), mode=OWNER)
    return place


def write_index(folder: Path, past: Sequence[Past]) -> None:
    """Write the page that leads to the others, the newest first, those that lie in ``folder`` as links."""
    there = {each.night: (folder / each.night.isoformat() / PAGE).is_file() for each in past}
    page = environment().get_template("drift_index.html.jinja")
    content = page.render(past=past, there=there, states=STATES, version=__version__)
    write_atomically(folder / PAGE, content.encode("utf-8"), mode=OWNER)


def trend_chart(site: str, title: str, points: Sequence[Point], night: date) -> Chart:
    """Draw a signal over the nights before ``night``: what was seen, what is usual, what to be expected around it."""
    known = [(float((point.night - night).days), point) for point in points if point.value is not None]
    drawing = _frame([point for _, point in known], min((x for x, _ in known), default=-1.0))
    xs = [x for x, _ in known]
    values = [float(point.value or 0.0) for _, point in known]
    flagged = [(x, value) for (x, point), value in zip(known, values, strict=True) if point.flagged]
    now = figure(values[-1]) if values and xs[-1] == 0 else "too few"
    series = [
        Series("usual", "expected", "", "", band=_band(drawing, known)),
        Series("seen", "this site", now, drawing.points(xs, values), _dots(drawing, zip(xs, values, strict=True), 2)),
    ]
    if flagged:
        series.append(Series("flagged", "changed", str(len(flagged)), "", _dots(drawing, flagged, 4)))
    key = f"{site}-{title}".replace(" ", "-").replace(",", "")
    return Chart(key, title, "", "nights before this one", "", drawing, tuple(series))


def figure(value: float) -> str:
    """Return three digits, of large figures all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _frame(points: Sequence[Point], first: float) -> Frame:
    """Return a drawing that holds all ``points`` and their bands."""
    figures = [each for point in points for each in (point.value, point.low, point.high) if each is not None]
    low, high = min(figures, default=0.0), max(figures, default=1.0)
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    bottom = low - room if low != 0 else 0.0
    return frame((min(first, -1.0), 0.0), (bottom, high + room), WIDTH, HEIGHT)


def _band(drawing: Frame, known: Sequence[tuple[float, Point]]) -> str:
    """Return the polygon between the bounds, there and back."""
    bounded = [(x, point.low, point.high) for x, point in known if point.low is not None and point.high is not None]
    there = [(x, high) for x, _, high in bounded]
    back = [(x, low) for x, low, _ in reversed(bounded)]
    every = [*there, *back]
    return drawing.points([x for x, _ in every], [y for _, y in every]) if len(bounded) > 1 else ""


def _dots(drawing: Frame, places: "zip[tuple[float, float]] | list[tuple[float, float]]", radius: float) -> tuple[tuple[float, float, float], ...]:  # fmt: skip  # noqa: E501
    return tuple((drawing.x.at(x), drawing.y.at(y), radius) for x, y in places)
