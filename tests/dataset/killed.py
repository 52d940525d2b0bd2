"""Kill an import at its n-th write, for every n, run it again, and compare with an import that nobody disturbed.

``python killed.py FOLDER`` prints a JSON document. A write is a file that is opened for writing, half of what is
written to it, a sync, a rename, a removal, a folder made, and a statement to the ledger. Each import runs in a fork
of this process, which has imported everything once and has no threads.
"""

import gc
import io
import json
import os
import shutil
import signal
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataset.hospital import bring, content, dicom, png

WRITES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
SPARSE = 8  # every so many writes get the longer scenes too
OPENED_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Fate:
    """Counts writes, and kills this process at the one that it was told."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.count = 0

    def write(self) -> None:
        """Count a write, or die before it."""
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


class HalfWriter(io.BufferedWriter):
    """A file whose writes can be cut in the middle."""

    fate: Fate

    def write(self, data: Any, /) -> int:
        """Write half, have it counted, write the rest."""
        view = memoryview(data).cast("B")
        half = super().write(view[: len(view) // 2])
        self.flush()
        self.fate.write()
        return half + super().write(view[len(view) // 2 :])


def watch(fate: Fate, below: Path) -> None:
    """Have ``fate`` told of every write below a folder; for good, so only in a process that is to end."""

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event in WRITES or (event == "open" and (arguments[2] or 0) & OPENED_TO_WRITE)
        if writes and str(below) in os.fsdecode(arguments[0] if not isinstance(arguments[0], int) else ""):
            fate.write()

    def told(function: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any) -> Any:
            fate.write()
            return function(*arguments)

        return instead

    real_open, real_connect = io.open, sqlite3.connect

    def opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode != "wb" or not str(file).endswith(".partial"):
            return real_open(file, mode, *arguments, **options)
        half_writer = HalfWriter(io.FileIO(file, "w"))
        half_writer.fate = fate
        return half_writer

    def connected(path: Any, **options: Any) -> sqlite3.Connection:
        connection = real_connect(path, **options)
        if str(path).endswith("ledger.sqlite"):
            connection.set_trace_callback(lambda statement: fate.write())
        return connection

    io.open, sqlite3.connect = opened, connected  # type: ignore[assignment]
    os.fsync, os.sync = told(os.fsync), told(lambda: None)  # a real one would wait for the machine's other work
    sys.addaudithook(heard)


def run(project: Path, source: Path, last: int, site: str = "north") -> int:
    """Import in a fork that dies at write ``last``; return how it ended."""
    child = os.fork()
    if not child:
        code = 1
        try:
            fate = Fate(last)
            watch(fate, project)
            bring(source, project / "data", site=site, refused=None)
            (project / "writes").write_text(str(fate.count)) if not last else None
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def write_source(folder: Path) -> Path:
    """Write films of every fate: new, known, copied, contested, refused, packed."""
    dicom(folder / "spine" / "known", 1)
    dicom(folder / "spine" / "a", 2)
    dicom(folder / "spine" / "copy", 2)
    png(folder / "abdomen" / "b", 3)
    dicom(folder / "abdomen" / "contested", 4)
    dicom(folder / "spine" / "contested", 4)
    (folder / "notes.txt").write_text("no film " * 50)
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        archive.write(dicom(folder.parent / "packed", 5), "packed")
    return folder


def rows(project: Path) -> list[tuple[str, ...]]:
    """Return the rows of the ledger, and what it calls unfinished."""
    connection = sqlite3.connect(project / "private" / "ledger.sqlite")
    found = sorted(connection.execute("SELECT * FROM films")) + list(connection.execute("SELECT * FROM unfinished"))
    connection.close()
    return found


def state(project: Path) -> tuple[object, ...]:
    """Return what must be the same in the end."""
    left = [path.name for path in (project / "private").iterdir() if path.suffix != ".csv"]
    return content(project / "data"), rows(project), sorted(left)


def main(base: Path) -> dict[str, Any]:
    """Try every n alone, some twice in a row and with another import before; report what ended otherwise."""
    source = write_source(base / "source")
    before, undisturbed, after_south = base / "before", base / "undisturbed", base / "south"
    dicom(base / "earlier" / "spine" / "known", 1)
    before.mkdir()
    assert run(before, base / "earlier", 0) == 0
    shutil.copytree(before, undisturbed)
    assert run(undisturbed, source, 0) == 0
    writes = int((undisturbed / "writes").read_text())
    shutil.copytree(before, after_south)
    assert run(after_south, source, 0, "south") == run(after_south, source, 0) == 0
    expected, too_late, wrong = state(undisturbed), state(after_south), []
    for n in range(1, writes + 1):
        for scene in [["north"]] if n % SPARSE else [["north"], ["north", "north"], ["south"]]:
            project = base / "killed"
            shutil.copytree(before, project)
            ends = [run(project, source, n, site) for site in scene]
            last = run(project, source, 0)
            as_expected = state(project) == expected or (scene == ["south"] and state(project) == too_late)
            if ends[0] != signal.SIGKILL or last != 0 or not as_expected:
                wrong.append([n, scene, ends, last])
            shutil.rmtree(project)
    return {"writes": writes, "wrong": wrong}


if __name__ == "__main__":
    gc.freeze()
    print(json.dumps(main(Path(sys.argv[1]))))
