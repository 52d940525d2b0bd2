"""What becomes of each film, in order: scored in processes that may die, or in this one where none is asked for."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Final

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.monitoring.delivered import Delivered
from dicom_router.monitoring.scoring import Common, Item, Scored, lost, score

LOSSES: Final = 3  # films: each costs the champion their time twice

Pair = tuple[Delivered, Scored | None]


@dataclass(frozen=True)
class Cells:
    """Processes: so many, below 0 one a core, and the seconds that a film may take in one; with 0 there is none."""

    jobs: int
    timeout: float


def outcomes_of(films: Iterator[Delivered], common: Common, cells: Cells) -> Generator[Pair, None, None]:
    """Yield what becomes of each film, in order.

    A challenger that processes were lost with is not asked any more after ``LOSSES`` films.
    """
    losses, under_way = 0, deque[Delivered]()
    while True:
        with closing(_outcomes(_noted(films, under_way), common, cells)) as outcomes:
            for outcome in outcomes:
                film = under_way.popleft()
                settled = _settled(film.item, outcome, common, cells)
                losses += isinstance(outcome, Lost) and bool(settled and settled.silent)
                yield film, settled
                if losses == LOSSES and common.challenger is not None:
                    break
            else:
                return
        films, under_way, common = chain(under_way, films), deque(), common.alone


def _noted(films: Iterator[Delivered], under_way: deque[Delivered]) -> Iterator[Item]:
    """Yield the items of ``films``, and note whose outcome is to come."""
    for film in films:
        under_way.append(film)
        yield film.item


def _settled(item: Item, outcome: Scored | Lost | None, common: Common, cells: Cells) -> Scored | None:
    """Return what became of a film; one that a process was lost with is read again without the challenger."""
    if not isinstance(outcome, Lost):
        return outcome
    if common.challenger is None:
        return lost(item, outcome.reason, common.pseudonyms[item.site])
    with closing(_outcomes(iter([item]), common.alone, replace(cells, jobs=1))) as again:
        alone = _settled(item, next(again), common.alone, cells)
    if alone is None or not alone.row.get("label"):
        return alone  # it was the film
    return replace(
        alone, silent=f"a process was lost with it; after {LOSSES} such films it is asked no more that night"
    )


def _outcomes(items: Iterator[Item], common: Common, cells: Cells) -> Generator[Scored | Lost | None, None, None]:
    one = partial(score, common=common)
    if cells.jobs:
        workers = workers_for(cells.jobs)
        return map_in_cells(one, items, workers=workers, timeout=cells.timeout, prepare=common.load)
    return (one(item) for item in items)
