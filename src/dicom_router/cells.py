"""A function over many untrusted items, in processes that may crash, hang or ask for all memory: each costs one item.

    for outcome in map_in_cells(read_film, paths, workers=2, timeout=60):
        ...  # what read_film returned, or Lost(reason, detail)

Cells are fresh interpreters, neither forked (threads of the caller do not matter) nor re-importing the caller's
``__main__`` (as multiprocessing's would: a stage imports pandas, a decoder need not). They live as long as the
iteration and take one item after the other over a socket; a few wait there, so that a cell never waits for
its parent. A cell that dies takes down the item it was at; those behind are given to another. A crash is believed
when it happens twice, so that a process that somebody else ended, the kernel for want of memory say, costs nothing.
What a cell does before it is ready is charged to no item, and bounded by itself.

A cell is no sandbox: it keeps accidents in, not an attacker who runs code in it.
"""

import heapq
import os
import pickle
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from time import monotonic
from typing import Final, TypeVar

from dicom_router.cell import Answer, Lost, Task
from dicom_router.cell_process import Cell
from dicom_router.reasons import Reason

__all__ = ["Lost", "map_in_cells", "workers_for"]

T = TypeVar("T")
R = TypeVar("R")

MEMORY: Final = 3 << 30  # bytes an item may take: 100 million pixels of three 16-bit samples do
WINDOW: Final = 64  # items a cell that may be under way or waiting for an earlier one
HELD: Final = 64 << 20  # bytes of items that are under way beyond which no further one is drawn
STARTS: Final = 3  # processes in a row that may die, or not get ready, while they start
READY_WITHIN: Final = 120.0  # seconds that a process may take until it is ready, on a cold disk and a busy machine too
TICK: Final = 1.0  # seconds


def map_in_cells(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int,
    timeout: float,
    prepare: Callable[[], object] | None = None,
    memory: int = MEMORY,
    window: int = WINDOW,
) -> Generator[R | Lost, None, None]:
    """Yield ``function(item)`` for each of ``items``, in their order, or what became of it in its place.

    ``items`` is drawn as results are taken: at most ``window`` per worker are under way, and fewer where they are
    large, so memory does not grow with their number. One worker is a process of its own too. When the iteration ends,
    is closed, or raises, no process is left; when this process is killed, they end by themselves.

    Args:
        function: importable by its module's name (no lambda, nothing of ``__main__``), a partial of such; it may be
            applied twice to an item, in another process. Its results and items must pickle.
        items: what it is applied to.
        workers: processes, at least one.
        timeout: seconds that one item may take, of time in which this process ran and waited.
        prepare: what each process does before its first item, to load what all items need; importable as ``function``.
        memory: bytes that one item may allocate beyond what the process needs to start.
        window: items a worker that are held here at once; fewer where an item is large.

    Raises:
        Exception: what ``function`` raised, when its item's turn comes, with its traceback as a note; what ``prepare``
            raised, at once.
        RuntimeError: a process cannot be started.
        TimeoutError: a process is not ready within ``READY_WITHIN`` seconds.
    """
    queue, crew = _Queue(iter(items), window * workers), _Crew(Task(function, timeout, memory, prepare), workers)
    try:
        while True:
            while queue.draw():
                crew.deal(queue)  # so that processes start while items are drawn
            if queue.is_done:
                return
            crew.deal(queue)
            crew.listen(queue)
            for answer in queue.in_order():
                if answer.error is not None:
                    raise answer.error
                yield answer.result
    finally:
        crew.close()


def workers_for(jobs: int) -> int:
    """Return the number of processes that ``jobs`` asks for: below 1 one for each core that this process may use."""
    return jobs if jobs > 0 else len(os.sched_getaffinity(0))


@dataclass
class _Queue:
    """Items by their number: packed in ``messages`` until answered, in ``waiting`` until sent, then in ``answers``."""

    items: Iterator[object]
    room: int
    messages: dict[int, bytes] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)  # a heap: what is done again goes first
    answers: dict[int, Answer] = field(default_factory=dict)
    suspects: set[int] = field(default_factory=set)  # a cell has died of them once
    drawn: int = 0
    yielded: int = 0
    held: int = 0  # bytes of messages

    def draw(self) -> bool:
        """Draw an item if there is room for one; tell whether there was one."""
        if self.drawn - self.yielded >= self.room or self.held >= HELD:
            return False
        try:
            message = pickle.dumps(next(self.items))
        except StopIteration:
            return False
        self.messages[self.drawn] = message
        self.held += len(message)
        heapq.heappush(self.waiting, self.drawn)
        self.drawn += 1
        return True

    @property
    def is_done(self) -> bool:
        """Tell whether every item that was drawn has been answered."""
        return self.yielded == self.drawn

    def settle(self, number: int, answer: Answer) -> None:
        """Take the answer to an item."""
        self.held -= len(self.messages.pop(number))
        self.suspects.discard(number)
        self.answers[number] = answer

    def again(self, numbers: Iterable[int]) -> None:
        """Put back what a dead cell had before it."""
        for number in numbers:
            heapq.heappush(self.waiting, number)

    def in_order(self) -> Iterator[Answer]:
        """Yield the answers whose turn it is."""
        while self.yielded in self.answers:
            self.yielded += 1
            yield self.answers.pop(self.yielded - 1)


class _Crew:
    """The cells: started when there is work for them, replaced when they die."""

    def __init__(self, task: Task, workers: int) -> None:
        self.task, self.workers = task, workers
        self.packed = pickle.dumps(task)
        self.cells: list[Cell] = []
        self.stillborn = 0  # processes in a row that died while they started

    def deal(self, queue: _Queue) -> None:
        """Give what is waiting to the cells that have least to do, and start one where fewer have nothing than wait."""
        while queue.waiting:
            idle = sum(not cell.items for cell in self.cells)
            if idle < len(queue.waiting) and len(self.cells) < self.workers:
                self.cells.append(Cell.start(self.packed))
            cell = min(self.cells, key=lambda cell: (len(cell.items), not cell.ready))
            message = queue.messages[queue.waiting[0]]
            if not cell.takes(message):
                return
            cell.give(heapq.heappop(queue.waiting), message)

    def listen(self, queue: _Queue) -> None:
        """Wait for an answer, a death or a second to pass.

        Cells grow older only while this process waits for them: neither a slow consumer nor a stopped process group
        makes an item late.
        """
        start, tick = monotonic(), min(TICK, self.task.timeout)
        speaking = wait([cell.link for cell in self.cells], tick)
        waited = min(monotonic() - start, tick)
        for cell in list(self.cells):
            cell.age += waited
            if cell.link in speaking:
                self._hear(cell, queue)
            elif cell.age >= (self.task.timeout if cell.ready else READY_WITHIN) and (cell.items or not cell.ready):
                self._bury(cell, queue, late=True)

    def close(self) -> None:
        """End every cell."""
        for cell in self.cells:
            cell.end()
        self.cells.clear()

    def _hear(self, cell: Cell, queue: _Queue) -> None:
        """Take one message."""
        try:
            answer: Answer = pickle.loads(cell.link.recv_bytes())
        except (EOFError, OSError):
            self._bury(cell, queue, late=False)
            return
        cell.age = 0.0
        if cell.ready:
            queue.settle(cell.items.popleft(), answer)
        elif answer.error is not None:
            raise answer.error
        cell.ready, self.stillborn = True, 0

    def _bury(self, cell: Cell, queue: _Queue, late: bool) -> None:
        """Settle the item that a cell died of, or try it once more, and put back those behind it."""
        self.cells.remove(cell)
        died_of = cell.end()
        late = died_of == signal.SIGPROF or late
        if not cell.ready:
            self._start_again(died_of, late)
        elif cell.items and (late or cell.items[0] in queue.suspects):
            queue.settle(cell.items.popleft(), Answer(_lost(late, self.task.timeout)))
        elif cell.items:
            queue.suspects.add(cell.items[0])
        queue.again(cell.items)

    def _start_again(self, died_of: int, late: bool) -> None:
        """Count a process that did not get ready.

        Raises:
            RuntimeError, TimeoutError: neither did those before it.
        """
        self.stillborn += 1
        if self.stillborn < STARTS:
            return
        if late:
            raise TimeoutError(
                f"a process for the decoder was not ready within {READY_WITHIN:g} seconds, {STARTS} times in a row: see"
                " whether the disk of the program and of the model answers, and whether the machine is overloaded"
            )
        raise RuntimeError(f"a process for the decoder could not be started; it died of signal {died_of}")


def _lost(late: bool, timeout: float) -> Lost:
    """Say what became of an item, in words that are the same whenever it happens."""
    if late:
        return Lost(Reason.DECODER_TIMEOUT, f"the decoder did not finish within {timeout:g} seconds")
    return Lost(Reason.DECODER_CRASHED, Reason.DECODER_CRASHED.meaning)
