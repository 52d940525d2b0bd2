"""A night as the report's page shows it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.figures import in_words
from dicom_router.labels import CLASSES
from dicom_router.monitoring.drift import beside, wording
from dicom_router.monitoring.drift.assessing import CONFIDENCE, Looking, Night, SiteNight
from dicom_router.monitoring.drift.measuring import Finding
from dicom_router.monitoring.drift.signals import BY_NAME, SIGNALS, WHOLE
from dicom_router.monitoring.feedback.performance import performance, sites_with_labels
from dicom_router.monitoring.log import nights
from dicom_router.monitoring.log.records import Row
from dicom_router.monitoring.periods import Period
from dicom_router.report import drift as pages

FILMS: Final = 12
RESAMPLES: Final = 2000  # of an interval
SHOWN: Final = ("site", "label", "BodyPartExamined", "age_years", "reasons", "header_disagrees")


def site_page(looking: Looking, site: SiteNight, night: date, past: Sequence[Row]) -> pages.Site:
    """Return what is shown of a site; ``past`` has its findings of the nights that are drawn, ``night`` among them."""
    volume = next((each for each in site.findings if each.signal.name == "volume"), None)
    return pages.Site(
        name=site.site,
        state=str(site.state),
        commissioned=site.judged,
        standing=wording.standing(site),
        studies=site.studies,
        films=site.films,
        refused=site.refused,
        usual_studies=None if volume is None else volume.usual,
        accuracy=wording.accuracy(site),
        labelled=_labelled(looking, site.site, night),
        rows=tuple(_row(looking, each) for each in site.findings),
        trends=_trends(past),
    )


def _labelled(looking: Looking, site: str, night: date) -> str:
    """Return how good the model was, of the nights that are drawn, by films that people labelled."""
    if site not in sites_with_labels(looking.log):
        return ""
    period = nights.period_of(nights.before(night, looking.settings.shown_nights), night, looking.timezone)
    found = performance(looking.log, site, looking.model, period, looking.timezone, intervals(looking))
    return f"{in_words(found.accuracy.to_dict())}, of {found.drawn:,} drawn films" if found.drawn else ""


def intervals(looking: Looking) -> Bootstrap:
    """Return how the intervals of a report are computed."""
    return Bootstrap(RESAMPLES, CONFIDENCE, looking.settings.minimum_studies, looking.settings.seed)


def _row(looking: Looking, finding: Finding) -> pages.Row:
    return pages.Row(
        title=finding.title,
        state=str(finding.state),
        flagged=finding.flagged,
        words=finding.words,
        n=finding.n,
        usual_n=finding.usual_n,
        adjusted=finding.adjusted,
        effect=finding.effect,
        floor=getattr(looking.settings.floors, finding.signal.kind),
    )


def _trends(past: Sequence[Row]) -> Mapping[str, Sequence[pages.Point]]:
    """Return the nights of each signal of all of a site, in the order of the signals."""
    found: dict[str, list[pages.Point]] = {signal.name: [] for signal in SIGNALS}
    for row in past:
        if row["signal"] in found and row["part"] == WHOLE and row["span"] == 1:
            figures = {name: row[name] for name in ("night", "value", "usual", "low", "high", "flagged")}
            found[row["signal"]].append(pages.Point(**figures))
    return {BY_NAME[name].title: points for name, points in found.items() if any(each.value is not None for each in points)}  # fmt: skip  # noqa: E501


def films(looking: Looking, night: Night) -> tuple[pages.Film, ...]:
    """Return the films that are shown."""
    period = nights.period_of(night.night, night.night, looking.timezone)
    rows = nights.thumbnails(looking.log, SHOWN, night.model, period, FILMS)
    return tuple(_film(row) for row in rows if row["label"] in CLASSES)


def _film(row: Row) -> pages.Film:
    outlier = ["unlike the training"] if "outlier" in row["reasons"] else []
    disagrees = ["contradicts its header"] if row["header_disagrees"] else []
    return pages.Film(
        png=beside.data_address(row["png"]),
        site=row["site"],
        label=row["label"],
        said=beside.said(row),
        why="; ".join([*outlier, *disagrees]),
    )


def past_nights(looking: Looking) -> list[pages.Past]:
    """Return the lines of the index, the newest night first."""
    rows = nights.nights(looking.log)
    first = min((row["night"] for row in rows), default=date.min)
    ran = nights.nights_with_runs(looking.log, Period.of_days(first, None, looking.timezone), looking.timezone)
    return [
        pages.Past(row["night"], row["state"], row["verdict"], json.loads(row["sites"]), row["night"] in ran)
        for row in rows
    ]


def figures(night: Night) -> dict[str, dict[str, float]]:
    """Return by site what is plotted over time elsewhere: each signal's value and effect, and the state as a number."""
    return {site.site: _figures(site) for site in night.sites}


def _figures(site: SiteNight) -> dict[str, float]:
    found: dict[str, Any] = {"state": site.state.rank, "studies": site.studies, "refused": site.refused}
    found |= {} if site.accuracy is None else {"estimated_accuracy": site.accuracy.value}
    for each in site.findings:
        if each.part == WHOLE and each.span == 1 and each.n:
            found |= {each.signal.name: each.value, f"{each.signal.name}.effect": each.effect}
    return {name: float(value) for name, value in found.items() if value is not None}
