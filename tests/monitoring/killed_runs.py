"""Kill a run at its n-th statement to the log, run it again, and compare with a run nobody disturbed.

Every fourth n is tried on a log that was opened before: a batch is an odd number of statements, so that each of them is
met. Some are tried while the log is made.

``python killed_runs.py FOLDER MODEL CHALLENGER`` prints a JSON document. Each run is a fork of this process, which has
imported everything once and has no threads.
"""

import json
import os
import shutil
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any

from monitoring.delivering import KEY, SITE, asked, deliver, deliver_many, rows, run
from sqlalchemy import Engine, event

from dicom_router.dataset.pseudonyms import fingerprint
from dicom_router.monitoring import rescoring
from dicom_router.monitoring.log import database
from dicom_router.monitoring.log.records import opened

FEW = 4  # films in a batch
COLUMNS = "image, model, study, patient, instance, site, label, reason, p_spine"
STEP = 4
WHILE_IT_IS_MADE = (3, 20)
Models = dict[str, Any]
WRITES = ("before_cursor_execute", "commit")


def watch(last: int, note: Path) -> None:
    """Kill this process at the statement ``last``; note how many there were."""
    count = 0

    def heard(*_: Any) -> None:
        nonlocal count
        count += 1
        note.write_text(str(count))
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in WRITES:
        event.listen(Engine, name, heard)


def run_apart(folder: Path, models: Models, last: int) -> int:
    """Run in a fork that dies at statement ``last``; return how it ended."""
    child = os.fork()
    if not child:
        code = 1
        try:
            watch(last, folder / "statements")
            rescoring.BATCH = FEW  # type: ignore[misc]
            database.PRAGMAS = ("journal_mode = WAL", "synchronous = OFF")  # type: ignore[assignment, misc]
            run(asked(folder, **models))
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def state(folder: Path) -> list[Any]:
    """Return what must be the same in the end; who first read a film may be either run."""
    return [
        rows(folder, COLUMNS),
        rows(folder, "image, features", "embeddings"),
        rows(folder, "file, entries, model", "files"),
    ]


def write_inbox(folder: Path) -> None:
    """Deliver films, a copy, an archive and rubbish."""
    films = deliver_many(folder / "inbox", 6)
    shutil.copy(films[0], films[0].with_name("copy"))
    (folder / "inbox" / SITE / "notes.txt").write_text("no film")
    with zipfile.ZipFile(folder / "inbox" / SITE / "export.zip", "w") as archive:
        for number in range(10, 15):
            archive.write(deliver(folder / "packed", number), str(number))


def main(base: Path, model: Path, challenger: Path) -> dict[str, Any]:
    """Try every n; report what ended otherwise."""
    models: Models = {"usual": model, "challenger": str(challenger)}
    write_inbox(base)
    run(asked(base, **models, log=f"sqlite:///{base}/warm.sqlite"))  # forks find the model loaded
    with opened(asked(base, **models).log, fingerprint(KEY)):
        empty = (base / "log.sqlite").read_bytes()
    assert run_apart(base, models, 0) == 0
    expected, statements = state(base), int((base / "statements").read_text())
    tries = [(n, empty) for n in range(1, statements + 1, STEP)] + [(n, b"") for n in WHILE_IT_IS_MADE]
    wrong = []
    for n, log in tries:
        for path in base.glob("log.sqlite*"):
            path.unlink()
        (base / "log.sqlite").write_bytes(log)
        ends = [run_apart(base, models, n), run_apart(base, models, 0)]
        if ends != [signal.SIGKILL, 0] or state(base) != expected:
            wrong.append([n, bool(log), ends])
    return {"statements": statements, "rows": len(expected[0]), "wrong": wrong}


if __name__ == "__main__":
    print(json.dumps(main(*map(Path, sys.argv[1:]))))
