"""Score what was delivered and the champion has not seen: each film once for each version of the model.

Films are written in batches, each with the note that its files are done: whatever ends a run, the next one goes on
behind the last batch, and two at once add each film once.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.dataset.pseudonyms import Pseudonyms, fingerprint
from dicom_router.model.answers import Facts
from dicom_router.model.in_cells import Loading
from dicom_router.monitoring.account import Account, Change, Tally
from dicom_router.monitoring.champion import Champion, find_champion
from dicom_router.monitoring.delivered import Delivered, Known, undone
from dicom_router.monitoring.inbox import misplaced, sites
from dicom_router.monitoring.keys import pseudonyms_by_site
from dicom_router.monitoring.log.records import PredictionLog, Written, opened
from dicom_router.monitoring.periods import Period
from dicom_router.monitoring.scoring import AGAIN, Common, Item, Scored, loaded, lost, score
from dicom_router.reasons import Reason

BATCH: Final = 50  # films that are written at once: at most so many are scored anew after a kill

REASONS: Final = {str(reason): reason for reason in Reason}

T = TypeVar("T")
Pair = tuple[Delivered, Scored | None]
Progress = Callable[[Iterable[Pair]], Iterable[Pair]]


@dataclass(frozen=True)
class Request:
    """What to score, by what, and where to write it; ``days`` and ``timezone`` say which days unless they are named.

    ``jobs`` is the number of processes, below 0 one a core; with 0 there is none, and nothing to catch a crash.
    """

    inbox: Path
    data: Path  # the dataset, whose pseudonyms these are to match
    log: str = field(repr=False)  # its address may hold a password
    key: str = field(repr=False)
    model: str
    site: str | None
    since: date | None
    until: date | None
    timezone: str
    days: int
    quiet_seconds: float
    jobs: int
    timeout: float
    allow_synthetic: bool = False


def rescore(request: Request, progress: Progress = iter, now: datetime | None = None) -> Account:
    """Score as ``request`` says, and return what became of every film.

    Raises:
        DataError: there is no inbox, or no such site.
        PseudonymKeyError: the key is missing, or not the one that was used before.
        NoChampion: nobody has promoted a version.
        RegistryUnreachable: MLflow does not answer, and no champion was known here before.
        ModelError: real films meet a model that was trained on synthetic ones.
        LogError: the log cannot be used; what was written before is kept.
    """
    start = now or datetime.now(UTC)
    period = Period.asked(request.since, request.until, request.timezone, start, request.days)
    chosen = sites(request.inbox, request.site)
    pseudonyms = pseudonyms_by_site(request.key, request.data, chosen)
    champion = find_champion(request.model)
    facts = Facts.read(champion.folder)
    with opened(request.log, fingerprint(request.key)) as log:
        run = _Run(request, start, period, pseudonyms, facts.version, log)
        run.score(Common(Loading(champion.folder, request.allow_synthetic), facts.version, pseudonyms), progress)
        return run.end(champion, facts)


@dataclass
class _Run:
    """A run under way."""

    request: Request
    start: datetime
    period: Period
    pseudonyms: Mapping[str, Pseudonyms]
    model: str
    log: PredictionLog
    tally: Tally = field(default_factory=Tally)
    again: int = 0  # films that another model had answered before

    def score(self, common: Common, progress: Progress) -> None:
        """Score and write, batch by batch."""
        ahead = self.start.timestamp() - time.time()
        known = Known(
            self.log, self.model, self.period, self.start, lambda: time.time() + ahead, self.request.quiet_seconds
        )
        films = undone(self.request.inbox, self.pseudonyms, known, self.tally)
        scored = _scored(films, common, self.request)
        with closing(scored):
            for batch in _batches(progress(scored), BATCH):
                self._write(batch)

    def end(self, champion: Champion, facts: Facts) -> Account:
        """Note that the run came to its end, and return its account."""
        tally, astray = self.tally, misplaced(self.request.inbox) if self.request.site is None else 0
        account = Account(
            model=self.model,
            seen=tally.seen + astray,
            labels=dict(sorted(tally.labels.items(), key=lambda item: (-item[1], item[0]))),
            review=tally.review,
            quarantined=dict(sorted(tally.quarantined.items(), key=lambda item: (-item[1], item[0]))),
            waiting=tally.waiting + astray,
            known=tally.known,
            replaced=tally.replaced,
            twins=tally.twins,
            misplaced=astray,
            change=self._change(),
            warnings=(*champion.warnings, *facts.warnings),
        )
        self.log.end_run(_run_row(account, self.start, max(self.start, datetime.now(UTC))))
        return account

    def _write(self, batch: list[Pair]) -> None:
        times = {"model": self.model, "scored": datetime.now(UTC)}
        rows = [{**scored.row, **times, "received": film.received} for film, scored in batch if scored and scored.row]
        done = [film.done(self.model) for film, scored in batch if film.is_last and _is_done(scored)]
        written = self.log.write(rows, done)
        self.tally.twins += written.twins
        self.again += len(written.added - written.new)
        self._count(batch, written)

    def _count(self, batch: list[Pair], written: Written) -> None:
        added = set(written.added)
        for film, scored in batch:
            if scored is None:
                continue
            image = scored.row.get("image", "")
            if scored.changed:
                self.tally.waiting += 1
            elif image in added:
                added.discard(image)  # a copy of it in the same batch is known
                self.tally.replaced += film.replaces and image in written.new
                self._count_answer(scored.row)
            else:
                self.tally.known += 1

    def _count_answer(self, row: Mapping[str, Any]) -> None:
        if row["label"]:
            self.tally.labels[row["label"]] += 1
            self.tally.review += row["decision"] == "review"
        else:
            self.tally.quarantined[REASONS[row["reason"]]] += 1

    def _change(self) -> Change | None:
        """Return what another model changed: where this run scored anew, or is the first of its model to end."""
        if not self.again and self.log.last_model() in (None, self.model):
            return None
        before = self.log.model_before(self.model)
        return None if before is None else Change.of(before, self.log.moves(before, self.model, self.period))


def _scored(films: Iterator[Delivered], common: Common, request: Request) -> Generator[Pair, None, None]:
    """Yield what becomes of each film, in order."""
    under_way: deque[Delivered] = deque()

    def items() -> Iterator[Item]:
        for film in films:
            under_way.append(film)
            yield film.item

    with closing(_outcomes(items(), common, request)) as outcomes:
        for outcome in outcomes:
            film = under_way.popleft()
            if isinstance(outcome, Lost):
                yield film, lost(film.item, outcome.reason, common.pseudonyms[film.item.site])
            else:
                yield film, outcome


def _outcomes(items: Iterator[Item], common: Common, request: Request) -> Generator[Scored | Lost | None, None, None]:
    """Score items in processes, or in this one where none is asked for."""
    one = partial(score, common=common)
    if request.jobs:
        return map_in_cells(
            one,
            items,
            workers=workers_for(request.jobs),
            timeout=request.timeout,
            prepare=partial(loaded, common.loading),
        )
    return (one(item) for item in items)


def _is_done(scored: Scored | None) -> bool:
    """Say whether a file need not be read again: a film that has its row, or the end of an archive."""
    return scored is None or not (scored.changed or scored.row["reason"] in AGAIN)


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


def _run_row(account: Account, started: datetime, ended: datetime) -> dict[str, Any]:
    counts = {"seen": account.seen, "scored": account.scored, "quarantined": account.refused}
    counts |= {"waiting": account.waiting, "known": account.known}
    return {"started": started, "ended": ended, "model": account.model, **counts}
