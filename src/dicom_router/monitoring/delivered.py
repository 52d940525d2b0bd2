"""Which of the delivered films are to be scored: those that the model has not seen, in files that nobody is writing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.finding import find
from dicom_router.monitoring.account import Tally
from dicom_router.monitoring.inbox import Arrival, arrivals, stamp_of
from dicom_router.monitoring.log.records import File, PredictionLog
from dicom_router.monitoring.periods import Period
from dicom_router.monitoring.scoring import AGAIN, Item, digest_of
from dicom_router.walking import Found

CHUNK: Final = 500  # files that the log is asked about at once


@dataclass(frozen=True)
class Delivered:
    """A film to be scored, or the end of an archive, whose item has nothing to read."""

    item: Item
    file: str  # pseudonym of the file's place
    state: str  # and of its state
    received: datetime  # when a run first read it
    replaces: bool  # the place held another film before
    is_last: bool  # with it the file is gone through
    entries: int = 1  # films in the file, known at its end

    def done(self, model: str) -> dict[str, Any]:
        """Return the row that says that ``model`` went through all of the file."""
        known = {"file": self.file, "site": self.item.site, "state": self.state, "received": self.received}
        return {**known, "entries": self.entries, "model": model}


@dataclass(frozen=True)
class Known:
    """What decides whether a file is read: what the log knows of it, the days asked for, and the clock.

    ``now`` is when the run began; ``clock`` tells the time while it goes on, in seconds since 1970.
    """

    log: PredictionLog
    model: str
    period: Period
    now: datetime
    clock: Callable[[], float]
    quiet_seconds: float

    def waits(self, arrival: Arrival) -> bool:
        """Say whether somebody may still be writing the file."""
        return arrival.partial or not arrival.stamp.is_quiet(self.clock(), self.quiet_seconds)


@dataclass(frozen=True)
class _File:
    """A file of the inbox, and what the log knows of it."""

    arrival: Arrival
    file: str
    state: str
    before: File | None

    @property
    def unchanged(self) -> File | None:
        """Return what is known of the file as it is now."""
        return self.before if self.before is not None and self.before.state == self.state else None

    def delivered(self, item: Item, now: datetime, **rest: Any) -> Delivered:  # noqa: ANN401
        """Return one of its films."""
        known = self.unchanged
        received = now if known is None else known.received
        replaces = self.before is not None and known is None
        return Delivered(item, self.file, self.state, received, replaces, **rest)


def undone(inbox: Path, pseudonyms: Mapping[str, Pseudonyms], known: Known, tally: Tally) -> Iterator[Delivered]:
    """Yield the films of the sites in ``pseudonyms`` that are to be scored; count in ``tally`` all, and the others."""
    everything = chain.from_iterable(arrivals(inbox, site) for site in pseudonyms)
    while chunk := list(islice(everything, CHUNK)):
        for file in _looked_up(chunk, pseudonyms, known.log):
            yield from _films_to_score(file, known, pseudonyms[file.arrival.site], tally)


def _looked_up(chunk: Iterable[Arrival], pseudonyms: Mapping[str, Pseudonyms], log: PredictionLog) -> Iterator[_File]:
    """Ask the log about files, all at once."""
    named = {pseudonyms[arrival.site].place(arrival.place): arrival for arrival in chunk}
    before = log.files(list(named))
    for file, arrival in named.items():
        state = pseudonyms[arrival.site].place(f"{file} in state {arrival.state}")
        yield _File(arrival, file, state, before.get(file))


def _films_to_score(file: _File, known: Known, pseudonyms: Pseudonyms, tally: Tally) -> Iterator[Delivered]:
    done = file.unchanged
    if known.waits(file.arrival) or (done is None and known.now not in known.period):
        tally.seen += 1
        tally.waiting += 1
    elif done is not None and (done.model == known.model or done.received not in known.period):
        tally.seen += done.entries
        tally.known += done.entries
    else:
        yield from _films_in(file, known, pseudonyms, tally)


def _films_in(file: _File, known: Known, pseudonyms: Pseudonyms, tally: Tally) -> Iterator[Delivered]:
    """Yield what a file holds, and the end of an archive; its entries that were scored before are counted only."""
    arrival, entries, is_archive, is_whole = file.arrival, 0, False, True
    for found in [arrival.found] if arrival.found.reason else find([arrival.found.path]):
        entries += 1
        tally.seen += 1
        is_archive = is_archive or found.data is not None or found.path != arrival.found.path
        is_whole = is_whole and found.reason not in AGAIN
        if found.data and known.log.has(pseudonyms.image(digest_of(found.data)), known.model):
            tally.known += 1
        else:
            yield file.delivered(_item(file, found, entries, pseudonyms), known.now, is_last=not is_archive)
    if (is_archive or not entries) and is_whole and stamp_of(arrival.found.path) == arrival.stamp:
        end = Item(arrival.site, arrival.stamp, None)
        yield file.delivered(end, known.now, is_last=True, entries=entries)


def _item(file: _File, found: Found, number: int, pseudonyms: Pseudonyms) -> Item:
    nameless = pseudonyms.place(f"entry {number} of {file.state}: {found.reason}")
    return Item(file.arrival.site, file.arrival.stamp, found, nameless)
