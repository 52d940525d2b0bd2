"""A night looked at: each site's films against its reference, what was found, and what it comes to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from dicom_router.model.test_films import TestFilms
from dicom_router.monitoring.drift.accuracy import Estimate, estimate
from dicom_router.monitoring.drift.judging import Past, in_order, judge
from dicom_router.monitoring.drift.measuring import Finding, Pair, measure_volume
from dicom_router.monitoring.drift.references import TOGETHER, Reference, Side, Standing, find_reference, read_side
from dicom_router.monitoring.drift.signals import BY_NAME, SIGNALS, Kind, State, worst
from dicom_router.monitoring.drift.together import LEAST, SEVERAL, together
from dicom_router.monitoring.drift.volume import Expected, expect
from dicom_router.monitoring.log import nights
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.params import Drift

REMEMBERED: Final = 60  # nights that are looked back on
CONFIDENCE: Final = 0.95  # of intervals
VOLUME: Final = BY_NAME["volume"]


@dataclass(frozen=True)
class SiteNight:
    """A site's night, or that of several commissioned sites together."""

    site: str
    reference: Reference
    state: State
    studies: int  # of this night alone
    films: int
    refused: int  # studies
    findings: tuple[Finding, ...]
    accuracy: Estimate | None
    silent: int  # nights in a row

    @property
    def judged(self) -> bool:
        """Say whether there is a reference that somebody signed off."""
        return self.reference.commission is not None or self.reference.standing is Standing.TOGETHER

    @property
    def compared(self) -> bool:
        """Say whether there were enough studies for anything but counting them."""
        return any(each.n for each in self.findings if each.signal.kind is not Kind.VOLUME)

    @property
    def causes(self) -> tuple[Finding, ...]:
        """Return what is flagged, the likeliest cause first."""
        return tuple(each for each in self.findings if each.flagged)


@dataclass(frozen=True)
class Night:
    """What a night was found to be."""

    night: date
    model: str
    ran: bool  # a run came to its end
    sites: tuple[SiteNight, ...]

    @property
    def state(self) -> State:
        """Return the gravest state of its sites."""
        return worst([each.state for each in self.sites])


@dataclass(frozen=True)
class Looking:
    """What a look at nights needs."""

    log: PredictionLog
    model: str
    test_films: TestFilms | None
    timezone: str
    settings: Drift

    def look(self, night: date) -> Night:
        """Return what ``night`` was found to be; it is not written down yet."""
        window = nights.period_of(nights.before(night, REMEMBERED), night, self.timezone)
        runs = nights.nights_with_runs(self.log, window, self.timezone)
        past = nights.findings(self.log, nights.before(night, REMEMBERED), nights.before(night, 1))
        found = [
            self._site(site, night, runs, [row for row in past if row["site"] == site])
            for site in nights.sites(self.log, window)
        ]
        several = self._together(found, [row for row in past if row["site"] == SEVERAL])
        return Night(night, self.model, night in runs, (*found, *several))

    def _together(self, sites: Sequence[SiteNight], past: Sequence[Row]) -> list[SiteNight]:
        """Look at the commissioned sites as one; those that show something by themselves are told already."""
        quiet = [site for site in sites if site.judged and site.studies and site.state is State.GREEN]
        if len(quiet) < LEAST:
            return []
        found = together({site.site: site.findings for site in quiet})
        findings = judge(found, flags_of(past, self.model), self.settings, may_alarm=True)
        counts = {name: sum(getattr(site, name) for site in quiet) for name in ("studies", "films", "refused")}
        state = worst([each.state for each in findings])
        return [SiteNight(SEVERAL, TOGETHER, state, **counts, findings=findings, accuracy=None, silent=0)]

    def _site(self, site: str, night: date, runs: set[date], past: Sequence[Row]) -> SiteNight:
        reference = find_reference(self.log, site, self.model, night, self.test_films, self.timezone)
        first = _first(night, reference, self.settings)
        week = read_side(self.log, site, self.model, first, night, self.timezone)
        own = read_side(self.log, site, self.model, night, night, self.timezone)
        same = [row for row in past if row["reference"] == reference.number]
        flags, commissioned = flags_of(same, self.model), reference.commission is not None
        counted = self._volume(site, night, runs, reference)
        findings = [] if counted is None else [counted[0]]
        findings += self._compare(reference, own, 1) if len(own.studies) else []
        judged = judge(findings, flags, self.settings, may_alarm=commissioned)
        if len(own.studies) and first < night:
            counts = flagged_nights(same, night, judged)
            findings = list(self._compare(reference, week, self.settings.week, counts))
            judged = in_order([*judged, *judge(findings, flags, self.settings, may_alarm=commissioned)])
        return SiteNight(
            site=site,
            reference=reference,
            state=worst([each.state for each in judged]),
            studies=len(own.studies),
            films=int(own.studies["films"].sum()),
            refused=int(own.studies["refused"].sum()),
            findings=judged,
            accuracy=_accuracy(own, reference),
            silent=0 if counted is None else counted[1],
        )

    def _compare(
        self, reference: Reference, now: Side, span: int, without: Mapping[str, set[date]] | None = None
    ) -> Iterator[Finding]:
        """Compare by every signal; each leaves out the nights that ``without`` has for it."""
        if reference.side is None:
            return
        matched = Pair(_same_weekdays(reference.side, now, self.settings), now, self.settings, span)
        signals = [each for each in SIGNALS if each.kind is not Kind.VOLUME and _can(each.of_answers, reference)]
        for signal in signals:
            left_out = (without or {}).get(signal.name, set())
            yield (replace(matched, now=_without(now, left_out)) if left_out else matched).compare(signal)
        if not reference.has_headers or span > 1:
            return
        for part in _parts(reference.side, now, self.settings):
            pair = Pair(_part(reference.side, part), _part(now, part), self.settings)
            yield from (pair.compare(signal, part) for signal in signals if signal.in_parts)

    def _volume(
        self, site: str, night: date, runs: set[date], reference: Reference
    ) -> tuple[Finding, int] | None:  # fmt: skip
        """Compare the number of studies, where runs of this night and the one before make it one night's."""
        commission = reference.commission
        if commission is None or not {night, nights.before(night, 1)} <= runs:
            return None
        start = min(commission.since, nights.before(night, REMEMBERED))
        counts = nights.volumes(self.log, site, nights.period_of(start, night, self.timezone), self.timezone)
        expected = expect(counts, commission.nights, night)
        if expected is None:
            return None
        count = counts.get(night, 0)
        finding = measure_volume(VOLUME, count, expected, len(commission.nights))
        silent = silence(counts, commission.nights, night, runs)
        return (finding if not silent else _silent(finding, silent, self.settings)), silent


def _first(night: date, reference: Reference, settings: Drift) -> date:
    """Return the first night of the week up to ``night``, of which none belongs to the reference."""
    first, commission = nights.before(night, settings.week - 1), reference.commission
    return first if commission is None else min(max(first, commission.until + timedelta(days=1)), night)


def flags_of(past: Sequence[Row], model: str) -> Past:
    """Return of each signal whether any part flagged it in the nights that were compared, the newest first.

    What is said of answers counts only where it is of the answers of ``model``.
    """
    flags: dict[tuple[str, int], dict[date, bool]] = {}
    for row in past:
        signal = BY_NAME.get(row["signal"])
        if signal is not None and row["n"] and (row["model"] == model or not signal.of_answers):
            by_night = flags.setdefault((row["signal"], row["span"]), {})
            by_night[row["night"]] = by_night.get(row["night"], False) or row["flagged"]
    return {key: [by_night[night] for night in sorted(by_night, reverse=True)] for key, by_night in flags.items()}


def flagged_nights(past: Sequence[Row], night: date, judged: Sequence[Finding]) -> Mapping[str, set[date]]:
    """Return of each signal the nights that it flagged by themselves, which a week leaves out.

    So one bad night is no week of them, and a week shows only what no night by itself does.
    """
    found: dict[str, set[date]] = {}
    rows = [(row["signal"], row["night"]) for row in past if row["flagged"] and row["span"] == 1]
    for name, each in [*rows, *((finding.signal.name, night) for finding in judged if finding.flagged)]:
        found.setdefault(name, set()).add(each)
        if name == "class_mix":  # of which all films' looks are a consequence
            found.setdefault("embedding", set()).add(each)
    return found


def silence(counts: Mapping[date, int], reference: Sequence[date], night: date, runs: set[date]) -> int:
    """Count the nights in a row, up to ``night``, without a study where the reference always had some."""
    count, each = 0, night
    while each in runs and not counts.get(each, 0):
        expected: Expected | None = expect(counts, reference, each)
        count += expected is not None and expected.always
        each = nights.before(each, 1)
    return count


def _silent(finding: Finding, silent: int, settings: Drift) -> Finding:
    state = State.ALARM if silent >= settings.silent_days else State.WATCH
    words = f"nothing for {silent} night{'' if silent == 1 else 's'} on which the site always sends"
    return replace(finding, flagged=True, state=state, words=words)


def _can(of_answers: bool, reference: Reference) -> bool:
    return reference.has_answers if of_answers else reference.has_headers


def _same_weekdays(usual: Side, now: Side, settings: Drift) -> Side:
    """Keep the usual studies of the same weekdays, where there are enough; else all."""
    nights_of = usual.studies["night"]
    if nights_of.isna().all():
        return usual
    days = {night.weekday() for night in now.studies["night"]}
    kept = usual.studies[nights_of.map(lambda night: night.weekday() in days)]
    return replace(usual, studies=kept) if len(kept) >= settings.reference_studies else usual


def _without(side: Side, left_out: set[date]) -> Side:
    return replace(side, studies=side.studies[~side.studies["night"].isin(left_out)])


def _parts(usual: Side, now: Side, settings: Drift) -> list[str]:
    """Return the manufacturers with enough studies on both sides, where there are several."""
    counts = [side.answered["Manufacturer"].value_counts() for side in (usual, now)]
    if max(len(each) for each in counts) < 2:
        return []
    return sorted(str(name) for name, n in counts[1].items() if min(n, counts[0].get(name, 0)) >= settings.minimum_studies)  # fmt: skip  # noqa: E501


def _part(side: Side, name: str) -> Side:
    answered = side.answered
    return replace(side, studies=answered[answered["Manufacturer"] == name])


def _accuracy(side: Side, reference: Reference) -> Estimate | None:
    confidence = side.answered["confidence"].to_numpy(float)
    commission = reference.commission
    reviewed = None
    if commission is not None and reference.has_answers and commission.reviewed:
        reviewed = (commission.agreed / commission.reviewed, commission.confidence, commission.reviewed)
    return estimate(confidence[~np.isnan(confidence)], CONFIDENCE, reviewed)


def keep(log: PredictionLog, night: Night, verdict: str) -> None:
    """Write down what was found, in place of what an earlier look at the same night found."""
    rows = [_row(night, site, finding) for site in night.sites for finding in site.findings]
    states = {site.site: str(site.state) for site in night.sites}
    row = {"night": night.night, "state": str(night.state), "model": night.model, "verdict": verdict}
    nights.keep(log, night.night, rows, {**row, "sites": json.dumps(states)})


def _row(night: Night, site: SiteNight, finding: Finding) -> dict[str, Any]:
    same = {name: value for name, value in asdict(finding).items() if name not in ("signal", "state", "usual_n")}
    return {
        **same,
        "night": night.night,
        "site": site.site,
        "signal": finding.signal.name,
        "reference": site.reference.number,
        "model": night.model,
        "reference_n": finding.usual_n,
        "state": str(finding.state),
    }
