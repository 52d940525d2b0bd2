"""What the platform adds to the pipeline: ``python -m benchmarks orchestration [--runs N]``.

In a small project of its own, whose stages are all in DVC's cache: `dvc repro`, which has nothing to do, beside
`prefect deployment run train/cpu --watch` of the same commit, start-up of the run included. And `make up` from nothing.
"""

import argparse
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from dicom_router.services.processes import marked
from dicom_router.services.settings import STATE

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    "src",
    "flows",
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvcignore",
    ".gitignore",
    "dvc.yaml",
    "dataset_changes.json",
    "prefect.yaml",
    "prefect.toml",
)
SMALL = {"network": "test_resnet", "epochs": "1", "image_size": "64", "jobs": "2", "resamples": "500", "patients": "10"}
SERVICES = (sys.executable, "-m", "dicom_router.services")
REPRODUCE = ("dvc", "repro")
TRAIN = ("prefect", "deployment", "run", "train/cpu", "--watch")


def prepare(folder: Path, images: int) -> None:
    """Make a project of the repository's pipeline in ``folder``, with a training that is over soon, and commit it."""
    for name in FILES:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    for name, value in SMALL.items():
        text = re.sub(rf"^(  {name}:) [\w-]+", rf"\1 {value}", text, flags=re.MULTILINE)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org")
    for command in (
        ("git", "init", "--quiet"),
        ("dicom-router", "sample", "--images", str(images), "data"),
        ("dvc", "add", "--quiet", "data"),
        REPRODUCE,
        ("git", "add", "."),
        ("git", *who, "commit", "--quiet", "--message", "A small project"),
    ):
        take(command, folder, {})


@dataclass(frozen=True)
class Taken:
    """What a command took, and what the platform took meanwhile."""

    wall: float  # seconds
    processor: float  # seconds of a core, those of the platform's processes included


def take(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Taken:
    """Run ``command`` in ``folder``; return what it took."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PATH": programs, **variables}
    before, start = processor_time(folder), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    taken = Taken(time.perf_counter() - start, processor_time(folder) - before)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return taken


def processor_time(folder: Path) -> float:
    """Return what this program's children have used so far, and the platform that runs in ``folder``."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = used.ru_utime + used.ru_stime
    for process in marked(folder / STATE):
        with suppress(psutil.NoSuchProcess):  # ended since
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def addresses() -> dict[str, str]:
    """Return the variables of servers on free ports."""
    with socket.socket() as mlflow, socket.socket() as prefect:
        for one in (mlflow, prefect):
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in (mlflow, prefect)]
    return {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{ports[0]}",
        "PREFECT_API_URL": f"http://127.0.0.1:{ports[1]}/api",
    }


def measure(folder: Path, runs: int) -> Mapping[str, list[Taken]]:
    """Return what each thing took that was done."""
    variables = addresses()
    ups = []
    try:
        for _ in range(2):
            ups.append(take((*SERVICES, "up"), folder, variables))
            if len(ups) == 1:
                take((*SERVICES, "down"), folder, variables)
                shutil.rmtree(folder / STATE)
        registering = take(TRAIN, folder, variables)
        pairs = [(take(REPRODUCE, folder, {}), take(TRAIN, folder, variables)) for _ in range(runs)]
    finally:
        take((*SERVICES, "down"), folder, variables)
    plain, through = (list(column) for column in zip(*pairs, strict=True))
    return {
        "make up, from nothing": ups,
        "train/cpu that registers": [registering],
        "dvc repro": plain,
        "train/cpu, all cached": through,
    }


def main() -> None:
    """Print a row for each, and what the platform adds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200, help="films of the sample (default: 200)")
    parser.add_argument("--runs", type=int, default=5, help="of `dvc repro` and of train/cpu, in turn (default: 5)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        prepare(folder, options.images)
        times = measure(folder, options.runs)
    finally:
        shutil.rmtree(folder)
    print(f"{'':26}  {'wall s':>7}  {'core s':>7}")
    medians = {
        name: (median(t.wall for t in taken), median(t.processor for t in taken)) for name, taken in times.items()
    }
    for name, (wall, processor) in medians.items():
        print(f"{name:26}  {wall:7.1f}  {processor:7.1f}   ({', '.join(f'{one.wall:.1f}' for one in times[name])})")
    wall, processor = (a - b for a, b in zip(medians["train/cpu, all cached"], medians["dvc repro"], strict=True))
    print(f"{'added by the platform':26}  {wall:7.1f}  {processor:7.1f}")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
