"""Time reading in cells against a plain loop and joblib: ``python -m benchmarks.cells [--images N] [--passes N]``.

Every way reads the same sample films as validate does. Seconds are of processor time, of this process and of those it
started, so that a busy machine does not matter; the start (interpreters and imports, measured with a single film) is
told apart from what a film costs in bulk.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from dicom_router.cells import map_in_cells
from dicom_router.dataset.scanning import Outcome, Scanned, scan_file

TIMEOUT: Final = 120.0
BATCH: Final = 8  # files that a worker of joblib takes at once
ROUNDS: Final = 3

Way = Callable[[Path, Sequence[str]], Iterable[object]]


def plain(data: Path, paths: Sequence[str]) -> Iterable[object]:
    """Read in this process, which a decoder may take with it."""
    return (scan_file(data, path) for path in paths)


def in_cells(workers: int) -> Way:
    """Read in cells."""
    return lambda data, paths: map_in_cells(partial(scan_file, data), paths, workers=workers, timeout=TIMEOUT)


def by_joblib(data: Path, paths: Sequence[str]) -> Iterable[object]:
    """Read with joblib's processes, of which a dead one ends the batch."""
    yield from Parallel(n_jobs=2, return_as="generator", batch_size=BATCH)(delayed(scan_file)(data, p) for p in paths)
    get_reusable_executor().shutdown(wait=True)  # whose processor time counts once they have ended


WAYS: Final[dict[str, Way]] = {
    "plain loop": plain,
    "one cell": in_cells(1),
    "two cells": in_cells(2),
    "joblib, two processes": by_joblib,
}


def cost(way: Way, data: Path, paths: Sequence[str]) -> float:
    """Return the seconds of processor time that reading ``paths`` takes."""
    before = sum(os.times()[:4])
    outcomes: list[Outcome] = [outcome for outcome in way(data, paths) if isinstance(outcome, Scanned)]
    assert len(outcomes) == len(paths), "a film of the sample was refused"
    return sum(os.times()[:4]) - before


def make_sample(folder: Path, images: int) -> list[str]:
    """Write a sample to ``folder`` and return the paths of its films."""
    command = [Path(sys.executable).parent / "dicom-router", "sample", "--images", str(images), folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return sorted(file.relative_to(folder).as_posix() for file in (folder / "images").rglob("*") if file.is_file())


def main() -> None:
    """Print a row per way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=500, help="films of the sample")
    parser.add_argument("--passes", type=int, default=6, help="times that every film is read")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        paths = make_sample(folder / "data", options.images)
        starts: dict[str, list[float]] = {name: [] for name in WAYS}
        bulks: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(ROUNDS):  # in turns, so that what the machine does meanwhile hits all alike
            for name, way in WAYS.items():
                starts[name].append(cost(way, folder / "data", paths[:1]))
                bulks[name].append(cost(way, folder / "data", paths * options.passes) - starts[name][-1])
    finally:
        shutil.rmtree(folder)
    films, base = len(paths) * options.passes, min(bulks["plain loop"])
    print(f"{films:,} films, least of {ROUNDS} rounds")
    for name in WAYS:
        start, bulk = min(starts[name]), min(bulks[name])
        print(f"{name:24} start {start:5.2f} s  {1000 * bulk / films:6.2f} ms a film  {bulk / base:5.2f} of the loop")


if __name__ == "__main__":
    main()
