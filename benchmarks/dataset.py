"""Time validate, split and preprocess over sample films: ``python -m benchmarks.dataset [--images N]``.

Each stage runs as DVC runs it, in a process of its own with two workers. Memory is the highest sum
of the resident sets of the stage and its children, seen ten times a second: an upper bound, since
pages that they share count more than once. docs/benchmarks.md holds the figures of 16,093 films.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from dicom_router.sample.writing import Sample, write_sample

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("validate", "split", "preprocess")
JOBS = 2


@dataclass(frozen=True)
class Measured:
    """One stage: seconds of wall time and bytes of memory."""

    stage: str
    seconds: float
    peak: int


def resident(process: psutil.Process) -> int:
    """Return the bytes that ``process`` and its descendants hold."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def peak_of(process: psutil.Process, ended: threading.Event) -> int:
    """Watch ``process`` until it has ended, and return the most that it held."""
    peak = 0
    while not ended.wait(0.1):
        try:
            peak = max(peak, resident(process))
        except psutil.NoSuchProcess:
            break
    return peak


def measure(stage: str, folder: Path) -> Measured:
    """Run one stage in ``folder``."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", f"dicom_router.stages.{stage}"], cwd=folder, env=environment)
    ended, peaks = threading.Event(), list[int]()
    watcher = threading.Thread(target=lambda: peaks.append(peak_of(psutil.Process(child.pid), ended)))
    watcher.start()
    code = child.wait()
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if code:
        raise SystemExit(f"{stage} ended with {code}")
    return Measured(stage, seconds, peaks[0])


def prepare(folder: Path, data: Path | None, images: int) -> None:
    """Put parameters and data into ``folder``: those of ``data``, or a new sample."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("jobs: -1", f"jobs: {JOBS}"), encoding="utf-8")
    if data is not None:
        (folder / "data").symlink_to(data.resolve())
        return
    for _ in write_sample(Sample(images, 1), folder / "data", JOBS):
        pass


def main() -> None:
    """Print a row per stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1609, help="films of the sample (default: a tenth of 16,093)")
    parser.add_argument("--data", type=Path, help="a dataset that exists, instead of a new sample")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        prepare(folder, options.data, options.images)
        images = len((folder / "data/labels.csv").read_text(encoding="utf-8").splitlines()) - 1
        measured = [measure(stage, folder) for stage in STAGES]
    finally:
        shutil.rmtree(folder)
    print(f"\n{images:,} films, {JOBS} processes")
    for one in [*measured, Measured("all", sum(of.seconds for of in measured), max(of.peak for of in measured))]:
        rate, peak = images / one.seconds, one.peak / 2**20
        print(f"{one.stage:10}  {one.seconds:7.1f} s  {rate:8,.0f} images/s  {peak:6,.0f} MiB")


if __name__ == "__main__":
    main()
