"""What runs inside a cell: one process that applies one function to untrusted items, until its parent is gone.

`cells.py` starts it and decides what its death means. The process is single: no pool, no fork, nothing
shared with the parent but a socket, so that whatever a decoder does to its memory stays here.
"""

import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from dicom_router.reasons import Reason

# What pickling raises of an exception that cannot be packed, or not be made again from what it was packed as.
UNPICKLABLE: Final = (pickle.PickleError, AttributeError, ImportError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Lost:
    """What stands in place of a result: why the item has none, as for an image that cannot be read."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class Answer:
    """What a cell says of one item: its result, or the exception that the function raised."""

    result: Any = None
    error: BaseException | None = None


@dataclass(frozen=True)
class Task:
    """What a cell is for: seconds of processor time and bytes of memory are those of one item.

    ``prepare`` is done once, before the cell says that it is ready.
    """

    function: Callable[[Any], Any]
    timeout: float
    memory: int
    prepare: Callable[[], object] | None = None


def serve(descriptor: int) -> None:
    """Answer items that come over the socket ``descriptor``, in order, until it closes.

    The first message is a ``Task``, and its answer says that the cell is ready. Standard input is a pipe that
    nobody writes to: it closes when the parent dies, however it dies.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_die_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the pixels of a patient
    try:
        with Connection(descriptor) as link:
            task = _enter(link)
            while task is not None:
                link.send_bytes(_answer(task, link.recv_bytes()))
    except (EOFError, ConnectionError):
        return


def _enter(link: Connection) -> Task | None:
    """Load the function, which imports its module, prepare, and bound the memory; None where that fails."""
    try:
        task: Task = pickle.loads(link.recv_bytes())
        if task.prepare is not None:
            task.prepare()
    except Exception as error:
        link.send_bytes(_failure(error))
        return None
    _bound_memory(task.memory)
    link.send_bytes(pickle.dumps(Answer()))
    return task


def _answer(task: Task, message: bytes) -> bytes:
    """Apply the function to one item; a hang that burns the processor ends in SIGPROF, whatever holds the GIL."""
    signal.setitimer(signal.ITIMER_PROF, task.timeout)
    try:
        return pickle.dumps(Answer(task.function(pickle.loads(message))))
    except MemoryError:
        return pickle.dumps(Answer(Lost(Reason.TOO_LARGE, f"to read it takes more than {task.memory >> 20} MiB")))
    except Exception as error:
        return _failure(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _failure(error: Exception) -> bytes:
    """Pack an exception with its traceback as a note, by name alone where it cannot be pickled."""
    error.add_note("in a cell:\n" + "".join(traceback.format_exception(error)))
    try:
        packed = pickle.dumps(Answer(error=error))
        pickle.loads(packed)
    except UNPICKLABLE:
        return pickle.dumps(Answer(error=RuntimeError("\n".join(error.__notes__))))
    return packed


def _bound_memory(room: int) -> None:
    """Let the process allocate ``room`` bytes more than it has: private, writable memory, touched or not.

    RLIMIT_DATA counts what the sixth field of statm does (proc(5)); a system without it is not bounded.
    """
    statm, hard = Path("/proc/self/statm"), resource.getrlimit(resource.RLIMIT_DATA)[1]
    if not statm.exists():
        return
    limit = int(statm.read_text().split()[5]) * resource.getpagesize() + room
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _die_with_parent() -> None:
    """Wait for standard input to end, which it does when the parent has died, and end with it."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)
