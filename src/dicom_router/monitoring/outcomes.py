"""What becomes of each film, in order: scored in processes that may die, or in this one where none is asked for."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.monitoring.delivered import Delivered
from dicom_router.monitoring.scoring import Common, Item, Scored, lost, score

Pair = tuple[Delivered, Scored | None]


@dataclass(frozen=True)
class Cells:
    """Processes: so many, below 0 one a core, and the seconds that a film may take in one; with 0 there is none."""

    jobs: int
    timeout: float


def outcomes_of(films: Iterator[Delivered], common: Common, cells: Cells) -> Generator[Pair, None, None]:
    """Yield what becomes of each film, in order."""
    under_way: deque[Delivered] = deque()

    def items() -> Iterator[Item]:
        for film in films:
            under_way.append(film)
            yield film.item

    with closing(_outcomes(items(), common, cells)) as outcomes:
        for outcome in outcomes:
            film = under_way.popleft()
            yield film, _settled(film.item, outcome, common, cells)


def _settled(item: Item, outcome: Scored | Lost | None, common: Common, cells: Cells) -> Scored | None:
    """Return what became of a film; one that a process was lost with is read again without the challenger."""
    if not isinstance(outcome, Lost):
        return outcome
    if common.challenger is None:
        return lost(item, outcome.reason, common.pseudonyms[item.site])
    with closing(_outcomes(iter([item]), common.alone, cells)) as again:
        return _settled(item, next(again), common.alone, cells)


def _outcomes(items: Iterator[Item], common: Common, cells: Cells) -> Generator[Scored | Lost | None, None, None]:
    one = partial(score, common=common)
    if cells.jobs:
        workers = workers_for(cells.jobs)
        return map_in_cells(one, items, workers=workers, timeout=cells.timeout, prepare=common.load)
    return (one(item) for item in items)
