"""Functions that do to their process what a decoder may do on a damaged file; a cell imports them from here."""

import ctypes
import os
import re
import signal
import time
from pathlib import Path
from typing import Any


def echo(item: Any) -> Any:
    return item


def pair(_: object, item: Any) -> Any:
    return item


def first_byte(item: bytes) -> int:
    return item[0]


def process_of(_: object) -> int:
    return os.getpid()


class Lethal:
    """An object that a process cannot be given without dying of ``deed``; with a mark, the first time only."""

    def __init__(self, deed: str, mark: Path | None = None) -> None:
        self.deed, self.mark = deed, mark

    def __reduce__(self) -> tuple[Any, ...]:
        return give_in, (self.deed, self.mark)


def give_in(deed: str, mark: Path | None) -> None:
    """Do the deed, unless the mark is there."""
    if mark is None or not mark.exists():
        if mark is not None:
            mark.touch()
        act(deed)


def print_to_standard_output(item: str) -> str:
    print("a library's remark", flush=True)
    return item


def act(item: str) -> str:
    """Do what ``item`` says, or return it."""
    if item in ACTS:
        ACTS[item]()
    return item


def crash_once(item: tuple[Path, str]) -> str:
    """Die at the first of two tries."""
    mark, name = item
    if name == "victim" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def note_and_rest(folder: Path, seconds: float) -> None:
    """Leave the process's id in ``folder`` and take a while."""
    (folder / str(os.getpid())).touch()
    time.sleep(seconds)


def note_and_hang(folder: Path) -> None:
    """Leave the process's id in ``folder`` and hang."""
    (folder / str(os.getpid())).touch()
    time.sleep(600)


def note_and_burn(folder: Path) -> None:
    """Leave the process's id in ``folder`` and never let another thread run."""
    (folder / str(os.getpid())).touch()
    burn()


def burn() -> None:
    """Hold the interpreter's lock for ever, as a regular expression can."""
    re.match(r"(a|a)*$", "a" * 60 + "b")


class Unpicklable(Exception):
    """An exception whose constructor does not take what it was given."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)


def raise_unpicklable() -> None:
    raise Unpicklable("one", "two")


def read_nowhere() -> None:
    ctypes.string_at(0)


def allocate() -> None:
    bytearray(1 << 40)


def fill_memory() -> None:
    """Take memory in small pieces."""
    held = []
    while True:
        held.append(bytearray(1 << 20))


def divide() -> None:
    _ = 1 // 0


ACTS = {
    "segfault": read_nowhere,
    "exit": lambda: os._exit(0),
    "abort": os.abort,
    "hang": lambda: time.sleep(600),
    "burn": burn,
    "allocate": allocate,
    "fill memory": fill_memory,
    "raise": divide,
    "raise unpicklable": raise_unpicklable,
}
