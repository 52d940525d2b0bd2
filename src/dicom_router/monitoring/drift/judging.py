"""From tests to states: corrected for their number, large enough to count, and lasting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dicom_router.monitoring.drift.comparing import discoveries
from dicom_router.monitoring.drift.measuring import Finding
from dicom_router.monitoring.drift.signals import Kind, State
from dicom_router.params import Drift

Key = tuple[str, str, int]  # name of a signal, part, and nights put together
Past = Mapping[tuple[str, int], Sequence[bool]]  # by signal and nights put together, of any part, the newest first


def judge(findings: Sequence[Finding], past: Past, settings: Drift, *, may_alarm: bool) -> tuple[Finding, ...]:
    """Return ``findings`` of a site's night with their states, the likeliest cause first.

    Args:
        findings: as measured, also those that say nothing.
        past: whether each signal was flagged in the nights before that were compared.
        settings: the thresholds.
        may_alarm: whether the site has a reference of its own; without, every state is green.
    """
    adjusted: dict[Key, float] = {}
    for span in {each.span for each in findings}:
        tested = [each for each in findings if each.p is not None and each.span == span]
        adjusted |= zip(map(_key, tested), discoveries([float(each.p or 0) for each in tested]), strict=True)
    judged = [
        _judge(each, adjusted.get(_key(each)), past.get((each.signal.name, each.span), ()), settings)
        for each in findings
    ]
    explained = explain(judged)
    states = explained if may_alarm else [replace(each, state=State.GREEN) for each in explained]
    return in_order(states)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return ``findings`` with the gravest first, and among those the likeliest cause."""
    return tuple(sorted(findings, key=_order))


def _judge(finding: Finding, adjusted: float | None, past: Sequence[bool], settings: Drift) -> Finding:
    """Judge one finding; one that a rule of its own has judged already stays as it is."""
    if finding.flagged or adjusted is None or finding.effect is None:
        return replace(finding, adjusted=adjusted)
    floor = getattr(settings.floors, finding.signal.kind)
    significance = settings.significance if finding.span == 1 else settings.week_significance
    flagged = adjusted < significance and finding.effect >= floor
    return replace(finding, adjusted=adjusted, flagged=flagged, state=_state(finding, flagged, past, settings))


def _state(finding: Finding, flagged: bool, past: Sequence[bool], settings: Drift) -> State:
    if not flagged:
        return State.GREEN
    at_once = (
        finding.signal.kind is Kind.QUARANTINE
        and finding.span == 1
        and (finding.p or 0.0) < settings.at_once_significance
    )
    lasting = 1 + sum(past[: settings.of_nights - 1]) >= settings.flagged_nights
    return State.ALARM if at_once or lasting else State.WATCH


def explain(findings: Iterable[Finding]) -> list[Finding]:
    """Take back what all films look like where another mix of classes explains it: within classes nothing changed."""
    every = list(findings)
    flagged = {(each.signal.name, each.span) for each in every if each.flagged and not each.part}
    words = "explained by the mix of classes"
    return [
        replace(each, flagged=False, state=State.GREEN, words=f"{each.words}; {words}")
        if each.signal.name == "embedding"
        and each.flagged
        and ("class_mix", each.span) in flagged
        and ("within_class", each.span) not in flagged
        else each
        for each in every
    ]


def _order(finding: Finding) -> tuple[Any, ...]:
    """Sort by state, then by place in the chain from film to answer, then by how far beyond chance."""
    effect = finding.effect or 0.0
    return (-finding.state.rank, not finding.flagged, finding.signal.tier, finding.part != "", finding.span, -effect)


def _key(finding: Finding) -> Key:
    return finding.signal.name, finding.part, finding.span
