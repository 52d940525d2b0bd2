"""A night in sentences: the verdict, what changed, what to do."""

from collections.abc import Sequence
from typing import Final

from dicom_router.monitoring.drift.assessing import Night, SiteNight
from dicom_router.monitoring.drift.references import Standing
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.drift.together import SEVERAL

NAMED: Final = 3  # sites in a sentence


def word(night: Night) -> str:
    """Return what a night is called in a word or two."""
    return unjudged(night) or str(night.state)


def unjudged(night: Night) -> str:
    """Say why the state of a night means nothing; "" where it does."""
    if not night.ran:
        return "not known"
    return "" if not night.sites or any(site.judged for site in night.sites) else "report only"


def verdict(night: Night) -> str:
    """Return one sentence for a person with two minutes."""
    if not night.ran:
        return "No run came to its end this night, so nothing is known of what was delivered."
    by_state = {state: [site for site in night.sites if site.state is state] for state in State}
    if by_state[State.ALARM]:
        return f"Do not act on the answers without a look by a person: {_changes(by_state[State.ALARM])}."
    if by_state[State.WATCH]:
        return f"Keep an eye on it: {_changes(by_state[State.WATCH])}. If it lasts, this becomes an alarm."
    return _nothing(night)


def _nothing(night: Night) -> str:
    if not any(site.studies for site in night.sites):
        return "No film arrived this night, and none was expected: there is nothing to compare."
    commissioned = [site for site in night.sites if site.reference.commission is not None]
    if not commissioned:
        return (
            "No site is commissioned: what follows is a report, and nobody can say yet whether it is as it should be."
        )
    few = [site.site for site in commissioned if not site.compared]
    if few:
        return (
            f"Too few studies at {', '.join(few[:NAMED])} to say whether anything has changed; nothing has elsewhere."
        )
    nothing = f"Nothing has changed at {_count(len(commissioned), 'commissioned site')}"
    unjudged = [site.site for site in commissioned if _signed_for_another(night, site)]
    if unjudged:
        where = ", ".join(unjudged[:NAMED])
        return (
            f"{nothing}, but another version of the model was judged at {where}, and nobody has judged this one there."
        )
    return f"{nothing}: the model is used on what it was judged on."


def _signed_for_another(night: Night, site: SiteNight) -> bool:
    commission = site.reference.commission
    return commission is not None and commission.model != night.model and bool(site.studies)


def _changes(sites: Sequence[SiteNight]) -> str:
    said = [f"at {site.site} {cause_of(site)}" for site in sites[:NAMED]]
    more = [f"and {_count(len(sites) - NAMED, 'more site')}"] if len(sites) > NAMED else []
    return "; ".join([*said, *more])


def cause_of(site: SiteNight) -> str:
    """Say what changed first, and how much."""
    first = next(cause for cause in site.causes if cause.state is site.state)
    return f"{first.title.lower() if first.title[1].islower() else first.title} changed ({first.words})"


def changed(night: Night, before: Sequence[tuple[str, str]], model_before: str | None) -> list[str]:
    """Return what is unlike the night that was looked at before; before has each site's state then."""
    known = dict(before)
    lines = [
        f"{site.site}: {known[site.site]} → {site.state}"
        for site in night.sites
        if site.site in known and known[site.site] != site.state
    ]
    lines += [f"{site.site} is new" for site in night.sites if known and site.site not in (*known, SEVERAL)]
    if model_before not in (None, night.model):
        lines.append(f"another version of the model scores: {model_before} → {night.model}")
    return lines


def to_do(night: Night) -> list[str]:
    """Return what a person does next, the most urgent first, each once."""
    sites = sorted(night.sites, key=lambda site: -site.state.rank)
    lines = [] if night.ran else ["see why no run came to its end: the runs' pages in Prefect, or dicom-router rescore"]
    for site in sites:
        flagged = [cause for cause in site.causes if cause.state is not State.GREEN]
        looks = list(dict.fromkeys(cause.signal.look for cause in flagged))
        lines += [f"{site.site}: {look}" for look in looks[:2]]
    for site in sites:
        standing = site.reference.standing
        if _signed_for_another(night, site):
            lines.append(f"{site.site}: signed for another version; look at a sample of this one's answers and commission it anew")  # fmt: skip  # noqa: E501
        if standing is Standing.OTHER_MODEL:
            lines.append(f"{site.site}: score its reference with this version (dicom-router rescore --since), or commission it anew")  # fmt: skip  # noqa: E501
        elif not site.judged and site.studies:
            lines.append(f"{site.site}: commission it (dicom-router commission {site.site} --since … --until … --reviewed …); until then it is only reported")  # fmt: skip  # noqa: E501
    return lines


def standing(site: SiteNight) -> str:
    """Say what a site's night is compared with."""
    commission = site.reference.commission
    if commission is None:
        return str(site.reference.standing)
    when = f"{commission.since} to {commission.until}, {commission.studies:,} studies"
    agreed = f"{commission.agreed} of {commission.reviewed} reviewed films agreed"
    who = f"signed {commission.signed} UTC by {commission.by}"
    words = f"compared with {when}; {agreed}; {who}"
    other = site.reference.standing is Standing.OTHER_MODEL
    return f"{site.reference.standing}; {words}" if other else words


def accuracy(site: SiteNight) -> str:
    """Return the estimated accuracy in words."""
    found = site.accuracy
    if found is None:
        return "" if site.site == SEVERAL else "no answer"
    if found.low is None or found.high is None:
        return f"{found.value:.0%}"
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
