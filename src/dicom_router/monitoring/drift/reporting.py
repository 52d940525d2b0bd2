"""A night looked at, kept, and reported: what the command and the flow do after scoring."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from dicom_router.model.answers import Facts
from dicom_router.model.test_films import TestFilms
from dicom_router.monitoring import requesting
from dicom_router.monitoring.account import Account
from dicom_router.monitoring.champion import Champion, find_champion
from dicom_router.monitoring.drift import beside, showing, wording
from dicom_router.monitoring.drift.assessing import Looking, Night, keep
from dicom_router.monitoring.drift.messages import lay_out
from dicom_router.monitoring.drift.sending import receivers, send, undelivered
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.feedback.drawing import Audit, audits
from dicom_router.monitoring.log import nights, outbox
from dicom_router.monitoring.log.records import Row, opened_to_read
from dicom_router.monitoring.rescoring import Request
from dicom_router.params import Drift, load_params
from dicom_router.report import drift as pages

REPORTS: Final = Path("reports/drift")


@dataclass(frozen=True)
class Reported:
    """What a look at a night came to."""

    night: date
    state: State
    word: str  # what it is called: the state, where that means something
    verdict: str
    to_do: tuple[str, ...]
    audits: tuple[Audit, ...]
    page: Path
    figures: Mapping[str, Mapping[str, float]]  # by site
    synthetic: bool
    challenger: tuple[str, ...] = ()  # in a line; what went wrong in another

    @property
    def lines(self) -> list[str]:
        """Return it as lines of text."""
        todo = [f"to do        {line}" for line in self.to_do]
        looks = [f"look at      {each.words}: {each.command}" for each in self.audits if each.command]
        others = [f"challenger   {line}" for line in self.challenger]
        first = f"{self.night}   {self.word}: {self.verdict}"
        return [first, *todo, *looks, *others, f"report       {self.page}"]

    @property
    def markdown(self) -> str:
        """Return it for a page."""
        todo = [f"- {line}" for line in self.to_do]
        link = f"[The report]({self.page.resolve().as_uri()}) (`{self.page}`)"
        looks = [f"- look at {each.words}: `{each.command}`" for each in self.audits if each.command]
        others = [f"\nChallenger: {line}" for line in self.challenger]
        first = f"**{self.night}: {self.word}.** {self.verdict}"
        return "\n".join([first, "", *todo, *looks, *others, "", link])


def report_last_night(account: Account) -> Reported:
    """Report the night of the run that ``account`` is of, by params.yaml and the environment; as ``report``."""
    settings = load_params().monitoring
    return report(requesting.request(), settings.drift, account=account.lines, drawn_films=settings.drawn_films)


def report(
    request: Request,
    settings: Drift,
    folder: Path = REPORTS,
    night: date | None = None,
    account: Sequence[str] = (),
    drawn_films: int = 0,
) -> Reported:
    """Look at ``night``, that of the last run unless named, keep what was found, and write its page and the index.

    People are asked to look at ``drawn_films`` of each site and night.

    Raises:
        NoChampion: nobody has promoted a version.
        RegistryUnreachable: MLflow does not answer, and no champion was known here before.
        ModelError: the model's folder is damaged.
        LogError: there is no log yet, or it cannot be used.
    """
    champion = find_champion(request.model)
    facts = Facts.read(champion.folder)
    with opened_to_read(request.log) as log:
        day = night or nights.last_night(log, request.timezone) or _today(request.timezone)
        looking = Looking(log, facts.version, TestFilms.load(champion.folder), request.timezone, settings)
        found = looking.look(day)
        seen = _Seen(looking, found, facts, next(iter(nights.nights(log, day, 1)), None))
        keep(log, found, seen.verdict)
        nights.drop_thumbnails(log, nights.before(day, settings.shown_nights), request.timezone)
        addresses = receivers()
        late = undelivered(outbox.waiting(log), addresses)
        if not nights.is_later(log, day):
            link = str((folder / day.isoformat() / pages.PAGE).resolve())
            lay_out(log, found, seen.states, list(addresses), settings.green, link)
        asked = audits(log, day, drawn_films, settings.week, request.timezone)
        page = _page(seen, champion, request.days, account, late, asked)
        place = pages.write_night(folder, page)
        pages.write_index(folder, showing.past_nights(looking))
    return Reported(
        night=day,
        state=found.state,
        word=wording.word(found),
        verdict=page.verdict,
        to_do=page.to_do,
        audits=tuple(asked),
        page=place,
        figures=showing.figures(found),
        synthetic=page.synthetic,
        challenger=tuple(beside.line(page.challenger)),
    )


def deliver(address: str) -> list[str]:
    """Send what waits in the outbox of the log at ``address``; return what did not arrive, in words.

    Raises:
        LogError: there is no log, or it cannot be used.
    """
    with opened_to_read(address) as log:
        return send(log, receivers(), datetime.now(UTC))


def _today(timezone: str) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(timezone)).date()


@dataclass(frozen=True)
class _Seen:
    """A night that was looked at, with what was found of the one before, if any."""

    looking: Looking
    night: Night
    facts: Facts
    before: Row | None

    @property
    def verdict(self) -> str:
        """Return the sentence that says what was found."""
        return wording.verdict(self.night)

    @property
    def states(self) -> dict[str, str]:
        """Return the states of the sites in the night before."""
        return json.loads(self.before["sites"]) if self.before else {}

    @property
    def changed(self) -> tuple[str, ...]:
        """Return in sentences what is new since the night before."""
        model = self.before["model"] if self.before else None
        return tuple(wording.changed(self.night, list(self.states.items()), model))

    @property
    def sites(self) -> tuple[pages.Site, ...]:
        """Return what the page shows of each site, the worst first."""
        night, log = self.night.night, self.looking.log
        past = nights.findings(log, nights.before(night, self.looking.settings.shown_nights), night)
        return tuple(
            showing.site_page(self.looking, site, night, [row for row in past if row["site"] == site.site])
            for site in sorted(self.night.sites, key=lambda site: (-site.state.rank, site.site))
        )


def _page(
    seen: _Seen, champion: Champion, days: int, account: Sequence[str], late: Sequence[str], asked: Sequence[Audit]
) -> pages.Night:
    looking, found = seen.looking, seen.night
    intervals = showing.intervals(looking)
    return pages.Night(
        night=found.night,
        state=str(found.state),
        unjudged=wording.unjudged(found),
        model=found.model,
        synthetic=seen.facts.synthetic,
        red=champion.warnings,
        verdict=seen.verdict,
        changed=seen.changed,
        to_do=tuple(wording.to_do(found)),
        sites=seen.sites,
        films=showing.films(looking, found),
        challenger=beside.challenger(looking, found.night, days, intervals),
        change=beside.change(looking, found.night, days, intervals),
        account=tuple(account),
        messages=tuple(late),
        audits=tuple((each.words, each.command) for each in asked if each.command),
    )
