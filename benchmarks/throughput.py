"""``dicom-router classify`` as a whole: the first answer, two workers against one, memory over many films.

Films are those of ``benchmarks.classify``: 2500 x 2000 and 3000 x 3000 pixels in six syntaxes, each many times by
links; the model is a folder with random weights. Memory is the highest sum of resident sets of the command and its
processes, an upper bound. The first answer is timed from the start of the process to its first line. Two workers are
timed by the clock, so that they need two cores to themselves; the processor's time shows what the second one costs.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and torch start their threads

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import torch

from benchmarks.classify import IN_THE_MIX, NETWORK, write_films
from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.labels import CLASSES
from dicom_router.model.folder import FORMAT as MODEL_FORMAT
from dicom_router.model.folder import GRAPH, MODEL, content_version, file_digests, to_json
from dicom_router.model.outliers import FILE, FeatureStatistics
from dicom_router.model.training.export import export_onnx
from dicom_router.model.training.networks import create_network

PROGRAM: Final = str(Path(sys.executable).parent / "dicom-router")
TICK: Final = 0.2  # seconds between two looks at memory


def write_model(folder: Path, name: str, image_size: int) -> Path:
    """Write a model with random weights that says so."""
    folder.mkdir()
    torch.manual_seed(0)
    features = export_onnx(create_network(name, image_size).eval(), image_size, folder / GRAPH)
    statistics = FeatureStatistics(np.zeros((1, features), np.float32), np.eye(features, dtype=np.float32))
    (folder / FILE).write_bytes(statistics.to_bytes())
    costs = {name: [10.0 * (place != row) for place in range(len(CLASSES))] for row, name in enumerate(CLASSES)}
    thresholds = {"maximum_error": 0.005, "confidence": 0.95, "certified_error": None, "strictness": 1, "sites": []}
    specification: dict[str, Any] = {
        "format": MODEL_FORMAT,
        "network": name,
        "classes": CLASSES,
        "num_features": features,
        "preprocessing": PreprocessingSpec(image_size, "letterbox").to_dict(),
        "synthetic": True,
        "temperature": 1.0,
        "thresholds": {**thresholds, "costs": costs},
        "features": {"limit": None},
        "dataset": {"images": {"train": dict.fromkeys(CLASSES, 1)}},
        "files": file_digests(folder, [GRAPH, FILE]),
    }
    (folder / MODEL).write_bytes(to_json({"version": content_version(specification)} | specification))
    return folder


def many(paths: Sequence[Path], count: int, folder: Path) -> Path:
    """Return a folder of ``count`` links to ``paths``, in turns."""
    folder.mkdir()
    for number, path in enumerate(islice(cycle(paths), count)):
        (folder / f"{number:06d}.dcm").symlink_to(path)
    return folder


def command(model: Path, films: Path, workers: int) -> list[str]:
    """Return the command that classifies the folder ``films``."""
    options = ["--allow-synthetic-model", "--format", "jsonl", "--workers", str(workers)]
    return [PROGRAM, "classify", "--model", str(model), *options, str(films)]


def run(words: Sequence[str]) -> tuple[float, float, list[int]]:
    """Run a command; return its seconds, the processor's, and the memory in bytes at every tick."""
    before, start = _processor(), time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: list[int] = []
    watching = threading.Thread(target=lambda: seen.extend(_memory(process)))
    watching.start()
    assert process.wait() == 0
    watching.join()
    return time.perf_counter() - start, _processor() - before, seen


def _processor() -> float:
    """Return the seconds of the processor that ended children took."""
    return sum(os.times()[2:4])


def _memory(process: "subprocess.Popen[bytes]") -> Iterator[int]:
    """Yield the resident bytes of a process and its children until it ends."""
    page = os.sysconf("SC_PAGE_SIZE")
    while process.poll() is None:
        pids = [process.pid, *_children(process.pid)]
        yield sum(int(text.split()[1]) * page for text in map(_statm, pids) if text)
        time.sleep(TICK)


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _statm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/statm").read_text()
    except OSError:
        return ""


def first_answer(model: Path, film: Path) -> tuple[float, float]:
    """Return the seconds from the start of the process to its first row, and those of the processor to its end."""
    before, start = _processor(), time.perf_counter()
    with subprocess.Popen(command(model, film, 1), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        row = json.loads(process.stdout.readline())
        seconds = time.perf_counter() - start
    assert row["label"], row
    return seconds, _processor() - before


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=600, help="films that one worker and two classify")
    parser.add_argument("--many", type=int, default=10_000, help="films over which memory is watched")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--network", default=NETWORK)
    parser.add_argument("--image-size", type=int, default=224)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        model = write_model(folder / "model", options.network, options.image_size)
        (folder / "written").mkdir()
        paths = [path for (syntax, _), path in write_films(folder / "written").items() if syntax in IN_THE_MIX]
        starts = [first_answer(model, paths[0]) for _ in range(2 * options.rounds + 1)][1:]
        print(
            f"first answer {median(wall for wall, _ in starts):.2f} s, {median(cpu for _, cpu in starts):.2f} of a core"
        )
        times: dict[int, tuple[float, float]] = {}
        some = many(paths, options.films, folder / "some")
        for workers in (1, 2):
            times[workers] = min(run(command(model, some, workers))[:2] for _ in range(options.rounds))
            wall, core = times[workers]
            print(f"{options.films:,} films, workers: {workers}  {wall:.1f} s, {core:.1f} of a core", flush=True)
        print(f"two workers are {times[1][0] / times[2][0]:.2f} times as fast as one")
        if options.many:
            *_, seen = run(command(model, many(paths, options.many, folder / "many"), 2))
            half = len(seen) // 2
            print(f"{options.many:,} films: {max(seen) >> 20} MiB at most, {max(seen[:half]) >> 20} in the first half")


if __name__ == "__main__":
    main()
