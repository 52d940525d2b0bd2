"""Score what was delivered and the champion has not seen: each film once for each version of the model.

Films are written in batches, each with the note that its files are done: whatever ends a run, the next one goes on
behind the last batch, and two at once add each film once.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from dicom_router.dataset.pseudonyms import Pseudonyms, fingerprint
from dicom_router.model.answers import Facts
from dicom_router.model.in_cells import Loading
from dicom_router.monitoring.account import Account, Change, Tally, not_answered
from dicom_router.monitoring.answering import Asked
from dicom_router.monitoring.batches import Batch
from dicom_router.monitoring.challenger import NOBODY, Sought, find_challenger
from dicom_router.monitoring.champion import Champion, find_champion
from dicom_router.monitoring.delivered import Known, undone
from dicom_router.monitoring.inbox import misplaced, sites
from dicom_router.monitoring.keys import pseudonyms_by_site
from dicom_router.monitoring.log.pairs import alone, moves
from dicom_router.monitoring.log.records import PredictionLog, Written, opened
from dicom_router.monitoring.outcomes import Cells, Pair, outcomes_of
from dicom_router.monitoring.periods import Period
from dicom_router.monitoring.scoring import AGAIN, Common, Scored
from dicom_router.reasons import Reason

BATCH: Final = 50  # films that are written at once: at most so many are scored anew after a kill

REASONS: Final = {str(reason): reason for reason in Reason}

T = TypeVar("T")
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
    challenger: str = NOBODY  # a reference, or a folder; what is wrong with it costs the champion nothing

    @property
    def cells(self) -> Cells:
        """Return the processes in which films are read."""
        return Cells(self.jobs, self.timeout)


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
    sought = find_challenger(request.challenger, facts.version, request.allow_synthetic, request.cells)
    asked = Asked(Loading(champion.folder, request.allow_synthetic), facts.version)
    with opened(request.log, fingerprint(request.key)) as log:
        run = _Run(request, start, period, pseudonyms, facts.version, sought, log)
        run.score(Common(asked, sought.asked, pseudonyms), progress)
        return run.end(champion, facts)


@dataclass
class _Run:
    """A run under way."""

    request: Request
    start: datetime
    period: Period
    pseudonyms: Mapping[str, Pseudonyms]
    model: str
    sought: Sought
    log: PredictionLog
    tally: Tally = field(default_factory=Tally)
    again: int = 0  # films that another model had answered before

    @cached_property
    def before(self) -> str | None:
        """Return the model that was champion before."""
        return self.log.model_before(self.model)

    def score(self, common: Common, progress: Progress) -> None:
        """Score and write, batch by batch."""
        ahead = self.start.timestamp() - time.time()
        known = Known(
            self.log, self.model, self.period, self.start, lambda: time.time() + ahead, self.request.quiet_seconds
        )
        films = undone(self.request.inbox, self.pseudonyms, known, self.tally)
        with closing(outcomes_of(films, common, self.request.cells)) as outcomes:
            for batch in _batches(progress(outcomes), BATCH):
                self._write(batch)

    def end(self, champion: Champion, facts: Facts) -> Account:
        """Note that the run came to its end, and return its account."""
        tally, astray = self.tally, misplaced(self.request.inbox) if self.request.site is None else 0
        failed = self.sought.warning or not_answered(tally.silent)
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
            challenger=self.sought.name,
            shadows=tally.shadows,
            warnings=(*champion.warnings, *facts.warnings, *filter(None, [failed])),
        )
        shadow = {"challenger": self.sought.version or NOBODY, "challenger_number": self.sought.number}
        times = {"started": self.start, "ended": max(self.start, datetime.now(UTC))}
        self.log.end_run({**_counts(account), **times, **shadow, "challenger_failed": failed})
        return account

    def _write(self, films: list[Pair]) -> None:
        batch = Batch.of(films, self.model, self.sought.version, datetime.now(UTC))
        before = self.log.labels(batch.images, self.before) if self.before else {}
        batch = batch.with_pictures(before)
        done = [film.done(self.model) for film, scored in films if film.is_last and _is_done(scored)]
        written = self.log.write(batch.rows, done, batch.shadows)
        self.tally.twins += written.twins
        self.tally.shadows += written.shadows
        self.again += len(written.added - written.new)
        self._count(films, written)

    def _count(self, films: list[Pair], written: Written) -> None:
        added = set(written.added)
        for film, scored in films:
            if scored is None:
                continue
            image = scored.row.get("image", "")
            if scored.changed:
                self.tally.waiting += 1
            elif image in added:
                added.discard(image)  # a copy of it in the same batch is known
                self.tally.replaced += film.replaces and image in written.new
                self._count_answer(scored)
            else:
                self.tally.known += 1

    def _count_answer(self, scored: Scored) -> None:
        row = scored.row
        if scored.silent:
            self.tally.silent[scored.silent] += 1
        if row["label"]:
            self.tally.labels[row["label"]] += 1
            self.tally.review += row["decision"] == "review"
        else:
            self.tally.quarantined[REASONS[row["reason"]]] += 1

    def _change(self) -> Change | None:
        """Return what another model changed: where this run scored anew, or is the first of its model to end."""
        if not self.again and self.log.last_models()[0] in ("", self.model):
            return None
        if self.before is None:
            return None
        counts = moves(self.log, self.before, self.model, self.period)
        return Change.of(self.before, counts, alone(self.log, self.before, self.model, self.period))


def _is_done(scored: Scored | None) -> bool:
    """Say whether a file need not be read again: a film that has its row, or the end of an archive."""
    return scored is None or not (scored.changed or scored.row["reason"] in AGAIN)


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


def _counts(account: Account) -> dict[str, Any]:
    counts = {"seen": account.seen, "scored": account.scored, "quarantined": account.refused}
    return counts | {"waiting": account.waiting, "known": account.known, "model": account.model}
