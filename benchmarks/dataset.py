"""Time the sample and validate, split, preprocess over it: ``python -m benchmarks.dataset [--images N]``.

Each stage runs as DVC runs it, in a process of its own with two workers, and last a `dvc repro`
that has nothing to do. Memory is the highest sum of the resident sets of the stage and its children,
seen ten times a second: an upper bound, since pages that they share count more than once.
docs/benchmarks.md holds the figures of 16,093 films.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("validate", "split", "preprocess")
JOBS = 2


@dataclass(frozen=True)
class Measured:
    """One command: seconds of wall time and bytes of memory."""

    name: str
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


def measure(name: str, command: Sequence[str], folder: Path) -> Measured:
    """Run one command in ``folder``."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PATH": programs}
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, env=environment)
    ended, peaks = threading.Event(), list[int]()
    watcher = threading.Thread(target=lambda: peaks.append(peak_of(psutil.Process(child.pid), ended)))
    watcher.start()
    code = child.wait()
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if code:
        raise SystemExit(f"{name} ended with {code}")
    return Measured(name, seconds, peaks[0])


def prepare(folder: Path) -> None:
    """Make a project of the repository's pipeline in ``folder``, with a training that is over soon."""
    for name in ("src", ".dvc/config", ".dvcignore", ".gitignore", "dvc.yaml", "dataset_changes.json"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8").replace("jobs: -1", f"jobs: {JOBS}")
    text = re.sub(r"network: \w+", "network: test_resnet", re.sub(r"epochs: \d+", "epochs: 1", text))
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def measure_all(folder: Path, images: int, data: Path | None) -> list[Measured]:
    """Run every command in ``folder``; a dataset that exists is copied in place of a new sample."""
    measured = []
    if data is None:
        command = ["dicom-router", "sample", "--images", str(images), "--jobs", str(JOBS), "data"]
        measured.append(measure("sample", command, folder))
    else:
        shutil.copytree(data, folder / "data")
    measured.append(measure("dvc add data", ["dvc", "add", "--quiet", "data"], folder))
    measured += [measure(stage, ["dvc", "repro", "--single-item", stage], folder) for stage in STAGES]
    measure("the other stages", ["dvc", "repro"], folder)  # for what follows; nobody asks how long it took
    return [*measured, measure("dvc repro, nothing to do", ["dvc", "repro"], folder)]


def main() -> None:
    """Print a row per command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1609, help="films of the sample (default: a tenth of 16,093)")
    parser.add_argument("--data", type=Path, help="a dataset that exists, instead of a new sample")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        prepare(folder)
        measured = measure_all(folder, options.images, options.data)
        images = len((folder / "data/labels.csv").read_text(encoding="utf-8").splitlines()) - 1
    finally:
        shutil.rmtree(folder)
    print(f"\n{images:,} films, {JOBS} processes")
    for one in measured:
        rate, peak = images / one.seconds, one.peak / 2**20
        print(f"{one.name:24}  {one.seconds:7.1f} s  {rate:8,.0f} images/s  {peak:6,.0f} MiB")


if __name__ == "__main__":
    main()
