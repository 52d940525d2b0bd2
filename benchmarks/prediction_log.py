"""A night over a prediction log of a million rows: ``python -m benchmarks prediction_log [--rows N] [--images N]``.

The same films are scored with an empty log and with a full one, by the command, in turn; the difference is what a
million rows cost. Films are 800 x 640 pixels, each with bytes of its own; the model has random weights. Memory is the
highest sum of the resident sets of the command and its processes, an upper bound. Then the night is looked at and
reported, its site against the reference of four weeks that was signed for it, and last the full log is exported.
"""

import argparse
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.classify import CODINGS, NETWORK, film_pixels, write_film
from benchmarks.throughput import PROGRAM, run, write_model
from dicom_router.dataset.pseudonyms import KEY_VARIABLE, fingerprint
from dicom_router.model.answers import Facts
from dicom_router.monitoring.log.records import opened
from dicom_router.monitoring.log.tables import COMMISSIONS, PREDICTIONS
from dicom_router.monitoring.settings import VARIABLE

ROOT: Final = Path(__file__).resolve().parent.parent
KEY: Final = "the key of a benchmark, for no patient"
SITES: Final = 4
WEEKS: Final = 4  # of the reference
FEATURES: Final = 512  # different ones
# A year of nights, the last yesterday, in SQLite's own functions; n is the number of the row.
FILLED: Final[Mapping[str, str]] = {
    "image": "lower(hex(randomblob(10)))",
    "model": ":model",
    "study": "lower(hex(randomblob(10)))",
    "patient": "lower(hex(randomblob(10)))",
    "instance": "'2.25.' || abs(random()) || abs(random())",
    "site": f"'site' || (n % {SITES})",
    "received": "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (1 + n % 365) || ' days')",
    "scored": "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
    "file_format": "'dicom'",
    "Modality": "'DX'",
    "label": "'spine'",
    "decision": "'route'",
    "synthetic": "0",
}
RECENT: Final = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :rows)"


def fill(path: Path, rows: int, features: int, model: str) -> None:
    """Write a log of ``rows`` predictions of ``model``, each with so many features and a file."""
    with opened(f"sqlite:///{path}", fingerprint(KEY)):
        pass
    numbers = {column.name: "0.2" for column in PREDICTIONS.columns if column.name.startswith("p_")}
    values = {column.name: FILLED.get(column.name, numbers.get(column.name, "''")) for column in PREDICTIONS.columns}
    values |= {column.name: "0.5" for column in PREDICTIONS.columns if column.nullable and column.name not in numbers}
    names = ", ".join(f'"{name}"' for name in values)
    with closing(sqlite3.connect(path, isolation_level=None)) as log:
        log.execute("PRAGMA synchronous = OFF")
        log.execute(f"INSERT INTO predictions ({names}) {RECENT} SELECT {', '.join(values.values())} FROM number",
                    {"rows": rows, "model": model})  # fmt: skip
        log.execute("CREATE TEMP TABLE drawn (number INTEGER PRIMARY KEY, features BLOB)")
        drawn = np.random.default_rng(0).normal(size=(FEATURES, features)).astype("<f2")
        log.executemany("INSERT INTO drawn VALUES (?, ?)", [(place, row.tobytes()) for place, row in enumerate(drawn)])
        log.execute(
            "INSERT INTO embeddings SELECT image, model, drawn.features FROM predictions"
            f" JOIN drawn ON drawn.number = predictions.rowid % {FEATURES}"
        )
        log.execute(
            "INSERT INTO files (file, site, state, received, entries, model) "
            "SELECT lower(hex(randomblob(10))), site, lower(hex(randomblob(10))), received, 1, model FROM predictions"
        )
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def commission(path: Path, model: str) -> None:
    """Sign for the first site that some weeks of what fills the log are usual."""
    now = datetime.now(UTC)
    until = now.date() - timedelta(days=14)
    row = {"site": "site0", "since": until - timedelta(days=7 * WEEKS - 1), "until": until, "model": model}
    figures = {"nights": 7 * WEEKS, "studies": 1000, "reviewed": 100, "agreed": 97}
    words = {"agreement": '{"confidence": 0.97}', "by": "a benchmark", "because": "usual"}
    with opened(f"sqlite:///{path}", fingerprint(KEY)) as log:
        log.insert(COMMISSIONS, {**row, **figures, **words, "signed": now})


def deliver(folder: Path, images: int) -> None:
    """Write films that differ in their SOPInstanceUID."""
    folder.mkdir(parents=True)
    pattern = folder / "pattern"
    write_film(pattern, film_pixels(800, 640, 12), 12, CODINGS["uncompressed"])
    content = pattern.read_bytes()
    pattern.unlink()
    start = content.index(b"2.25.") if b"2.25." in content else content.index(b"1.2.826.0.1.3680043.8.498.")
    for number in range(images):
        place = slice(start + 30, start + 38)
        (folder / f"{number:06d}.dcm").write_bytes(
            b"".join((content[: place.start], b"%08d" % number, content[place.stop :]))
        )


def night(project: Path, log: Path, model: Path) -> tuple[float, float]:
    """Run a night in ``project``; return its seconds and the bytes of memory it took."""
    os.environ.update({KEY_VARIABLE: KEY, VARIABLE: f"sqlite:///{log}"})
    os.chdir(project)
    seconds, _, memory = run([PROGRAM, "rescore", "--model", str(model), "--allow-synthetic-model"])
    return seconds, max(memory)


def main() -> None:
    """Print seconds and memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=1_000)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        model = write_model(folder / "model", NETWORK, 224)
        deliver(folder / "inbox/site0", options.images)
        text = (ROOT / "params.yaml").read_text(encoding="utf-8").replace("quiet_seconds: 60", "quiet_seconds: 0")
        (folder / "params.yaml").write_text(text, encoding="utf-8")
        full = folder / "full.sqlite"
        version = Facts.read(model).version
        fill(full, options.rows, 1024, version)
        commission(full, version)
        print(
            f"{options.rows:,} rows, {full.stat().st_size / 2**30:.2f} GiB; {options.images:,} films more", flush=True
        )
        for words, log in (("empty log", folder / "empty.sqlite"), ("full log", full), ("full log, again", full)):
            seconds, memory = night(folder, log, model)
            print(f"{words:24} {seconds:7.1f} s {memory / 2**20:7,.0f} MiB", flush=True)
        seconds, _, memory = run([PROGRAM, "drift", "--model", str(model)])
        print(f"{'look and report':24} {seconds:7.1f} s {max(memory) / 2**20:7,.0f} MiB", flush=True)
        for form in ("csv", "parquet"):
            target = folder / f"export.{form}"
            seconds, _, memory = run([PROGRAM, "predictions", "export", "--format", form, "--output", str(target)])
            size = target.stat().st_size / 2**20
            print(f"{'export, ' + form:24} {seconds:7.1f} s {max(memory) / 2**20:7,.0f} MiB, {size:,.0f} MiB written")
        os.chdir(ROOT)
        shutil.rmtree(folder / "inbox")


if __name__ == "__main__":
    main()
