"""A cell as its parent sees it: a process that runs `cell.py`, the socket to it, and the items that it was given."""

import os
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

AHEAD: Final = 8  # items that wait in a cell's socket or are being worked on
SMALL: Final = 1 << 12  # bytes of an item; a larger one is sent to a cell that waits for it, so that nobody blocks
STANDARD_ERROR: Final = 2
REAPED_WITHIN: Final = 10.0  # seconds until a killed process is given up, which the kernel may be holding
BOOT: Final = "import sys; sys.path[:] = sys.argv[2:]; from dicom_router.cell import serve; serve(int(sys.argv[1]))"
# A decoder's own threads would only fight those of the other cells.
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass
class Cell:
    """A process, the socket to it, and the numbers of the items it has.

    ``age`` is how long it is at the first of them or, until it is ready, at its start.
    """

    process: subprocess.Popen[bytes]
    link: Connection
    ready: bool = False
    items: deque[int] = field(default_factory=deque)
    age: float = 0.0

    @classmethod
    def start(cls, task: bytes) -> "Cell":
        """Start an interpreter that imports what the function needs and nothing else."""
        here, there = Pipe()
        with there:
            command = [sys.executable, "-c", BOOT, str(there.fileno()), *search_path()]
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=STANDARD_ERROR,  # what a library prints there must not stand among the caller's results
                pass_fds=[there.fileno()],
                env=os.environ | ONE_THREAD,
            )
        cell = cls(process, here)
        with suppress(ConnectionError):  # a process that is dead already is found so when listened to
            here.send_bytes(task)
        return cell

    def takes(self, message: bytes) -> bool:
        """Tell whether ``message`` can be sent without waiting: for an answer, or for the process to get ready."""
        if len(message) <= SMALL:
            return len(self.items) < AHEAD
        return self.ready and not self.items

    def give(self, number: int, message: bytes) -> None:
        """Send an item; that the process is dead shows when it is listened to."""
        if self.ready and not self.items:
            self.age = 0.0
        self.items.append(number)
        with suppress(ConnectionError):
            self.link.send_bytes(message)

    def end(self) -> int:
        """Kill the process, and return the signal it died of, or 0."""
        self.process.kill()
        self.link.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            return max(0, -self.process.wait(REAPED_WITHIN))
        return signal.SIGKILL


def search_path() -> list[str]:
    """Return where a cell looks for modules: as this process, and it finds this very package.

    A model that MLflow loads puts its own copy of a part of it before all else.
    """
    home = Path(__file__).parent.parent
    return [entry for entry in sys.path if Path(entry).absolute() == home or not Path(entry, "dicom_router").is_dir()]
