"""What people are told of a night: at once of an alarm, once of each incident and once when it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final, Literal

from dicom_router.monitoring.drift.assessing import Night, SiteNight
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.drift.together import SEVERAL
from dicom_router.monitoring.drift.wording import cause_of, to_do, verdict
from dicom_router.monitoring.log import outbox
from dicom_router.monitoring.log.records import PredictionLog, Row

MONDAY: Final = 0
NAME: Final = "DICOM router"
Green = Literal["never", "weekly", "nightly"]


@dataclass(frozen=True)
class Message:
    """What is said once; ``message`` names what it is about."""

    message: str
    night: date
    kind: str  # alarm, cleared, watch, green
    title: str
    body: str


def lay_out(
    log: PredictionLog, night: Night, before: Mapping[str, str], receivers: Sequence[str], green: Green, page: str
) -> list[Message]:
    """Note what began and ended in ``night``, and lay what is said of it into the outbox.

    ``before`` has each site's state in the night that was looked at before. A night that is looked at again says
    nothing twice.
    """
    incidents = outbox.open_incidents(log)
    begun = [site for site in night.sites if site.state is State.ALARM and site.site not in incidents]
    over = [
        incidents[site.site]
        for site in night.sites
        if site.site in incidents
        and is_over(site, before.get(site.site), incidents[site.site], night.night)
        and (site.site != SEVERAL or _all_green(night, before))
    ]
    messages = [_alarm(night, site, page) for site in begun] + [_cleared(incident, night, page) for incident in over]
    messages += [*_watch(night, frozenset(incidents), page), *_green(night, green, page)]
    outbox.put(log, [asdict(message) for message in messages], receivers)  # first: a kill in between loses nothing
    for site in begun:
        outbox.open_incident(log, site.site, night.night, cause_of(site))
    for incident in over:
        outbox.close_incident(log, incident["incident"], night.night)
    return messages


def is_over(site: SiteNight, before: str | None, incident: Row, night: date) -> bool:
    """Say whether an incident is over: two looks in a row that found nothing, with enough studies to find something."""
    return site.state is State.GREEN and site.compared and before == State.GREEN and incident["opened"] < night


def _all_green(night: Night, before: Mapping[str, str]) -> bool:
    """Say whether no judged site shows anything, nor did: those that do are left out of what sites say together."""
    judged = [site for site in night.sites if site.judged]
    return all(site.state is State.GREEN and before.get(site.site, State.GREEN) == State.GREEN for site in judged)


def _alarm(night: Night, site: SiteNight, page: str) -> Message:
    title = f"{NAME}: alarm at {site.site}, {site.causes[0].title.lower()}"
    return Message(f"alarm {site.site} {night.night}", night.night, "alarm", title, _body(night, page))


def _cleared(incident: Row, night: Night, page: str) -> Message:
    title = f"{NAME}: over at {incident['site']}"
    body = f"The alarm of {incident['opened']} at {incident['site']} ({incident['cause']}) is over.\n\nReport: {page}"
    return Message(f"cleared {incident['site']} {incident['opened']}", night.night, "cleared", title, body)


def _watch(night: Night, known: frozenset[str], page: str) -> list[Message]:
    """Return one digest of all sites that are watched and have no incident."""
    watched = [site.site for site in night.sites if site.state is State.WATCH and site.site not in known]
    if not watched:
        return []
    title = f"{NAME}: watch {', '.join(watched)}"
    return [Message(f"watch {night.night}", night.night, "watch", title, _body(night, page))]


def _green(night: Night, green: Green, page: str) -> list[Message]:
    wanted = green == "nightly" or (green == "weekly" and night.night.weekday() == MONDAY)
    if not wanted or night.state is not State.GREEN:
        return []
    return [Message(f"green {night.night}", night.night, "green", f"{NAME}: nothing to do", _body(night, page))]


def _body(night: Night, page: str) -> str:
    todo = [f"- {line}" for line in to_do(night)]
    return "\n".join([f"Night of {night.night}. {verdict(night)}", "", *todo, "", f"Report: {page}"])
