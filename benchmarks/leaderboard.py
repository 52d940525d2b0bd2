"""The leaderboard over the sample at reduced size: ``python -m benchmarks leaderboard``.

Makes a sample in a project of its own, runs the pipeline up to the split, then every network of the catalogue by both
recipes with one seed, small and short, by the command itself; then the command again, which finds everything finished.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PROGRAM: Final = str(Path(sys.executable).parent / "dicom-router")
COPIED: Final = ("src", "dvc.yaml", "params.yaml", "dataset_changes.json", ".dvc/config", ".dvcignore")


def timed(folder: Path, *words: str) -> float:
    """Run a command in ``folder``; return its seconds."""
    binaries = str(Path(sys.executable).parent)
    path = os.pathsep.join([binaries, os.environ.get("PATH", "")])
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(folder / "src"), "DVC_NO_ANALYTICS": "1"}
    start = time.monotonic()
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=variables)
    return time.monotonic() - start


def prepare(folder: Path, images: int) -> None:
    """Make a project with a sample whose films are split."""
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile)(ROOT / name, target)
    timed(folder, "git", "init", "--quiet")
    timed(folder, PROGRAM, "sample", "--images", str(images), "data")
    timed(folder, "dvc", "add", "--quiet", "data")
    timed(folder, "dvc", "repro", "--quiet", "split")


def command(options: argparse.Namespace) -> Sequence[str]:
    """Return the leaderboard's command."""
    changes = [f"preprocess.image_size={options.image_size}", f"train.epochs={options.epochs}"]
    words = ["--networks", options.networks, "--seeds", str(options.seeds), "--no-mlflow"]
    return [PROGRAM, "leaderboard", *words, *(word for change in changes for word in ("--set", change))]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--networks", default="all")
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.images)
        first, again = (timed(folder, *command(options)) for _ in range(2))
        done = len(list((folder / "work/leaderboard/runs").glob("*/run.json")))
        print((folder / "reports/leaderboard.md").read_text(encoding="utf-8"))
    print(f"{done} trainings on {options.images} films: {first / 60:.1f} minutes; again, all finished: {again:.0f} s")


if __name__ == "__main__":
    main()
