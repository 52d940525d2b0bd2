"""A small copy of this project in a folder of its own, run as a user would run it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conftest import ROOT
from ruamel.yaml import YAML

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# Small enough for a test; everything else is the repository's own.
SMALL: Mapping[str, Mapping[str, Any]] = {
    "validation": {"jobs": 1},
    "preprocess": {"image_size": 64, "jobs": 1},
    "train": {"network": "test_resnet", "epochs": 3, "batch_size": 32, "threads": 1},
    "evaluate": {"resamples": 200},
    "robustness": {"patients": 5, "jobs": 1},
}
IMAGES = 100  # of the project that most tests of the pipeline share
SAMPLE = f"dicom-router sample --images {IMAGES} --jobs 1"
TRACKED = (
    "src",
    "flows",
    "prefect.yaml",
    "prefect.toml",
    "dvc.yaml",
    "params.yaml",
    "dataset_changes.json",
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvcignore",
    ".gitignore",
)
NO_NETWORK = ("unshare", "--map-root-user", "--net")


def environment() -> dict[str, str]:
    """Return an environment in which this interpreter's programs come first."""
    binaries = str(Path(sys.executable).parent)
    who = {f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return {**os.environ, **who, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "HF_HUB_OFFLINE": "1"}


def runner(folder: Path) -> Run:
    """Return a function that runs a command in ``folder`` and shows its output when it does not end as expected."""

    def run(*command: str, fails: bool = False, **variables: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            command, cwd=folder, env={**environment(), **variables}, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == fails, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done

    return run


def without_network(run: Run) -> tuple[str, ...]:
    """Return the prefix that takes the network from a command, or nothing where the machine forbids namespaces."""
    try:
        run(*NO_NETWORK, "true")
    except (AssertionError, FileNotFoundError):
        return ()
    return NO_NETWORK


def set_params(folder: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Change values in ``params.yaml`` of ``folder``."""
    yaml = YAML()
    path = folder / "params.yaml"
    values = yaml.load(path)
    for section, pairs in changes.items():
        _merge(values[section], pairs)
    yaml.dump(values, path)


def _merge(values: Any, pairs: Mapping[str, Any]) -> None:
    """Change ``values``, and sections within it, where ``pairs`` says so."""
    for name, value in pairs.items():
        if isinstance(value, Mapping):
            _merge(values[name], value)
        else:
            values[name] = value


def copy_project(folder: Path) -> None:
    """Copy what the pipeline needs from the working tree."""
    for name in TRACKED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, target)


def commit_project(folder: Path) -> Run:
    """Put all of ``folder`` under Git and commit it; return its runner."""
    run = runner(folder)
    run("git", "init", "--quiet", "--initial-branch=main")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message", "start")
    return run


def start_project(folder: Path, images: int) -> Run:
    """Make a project with a small synthetic sample under Git and DVC, nothing run yet; return its runner."""
    copy_project(folder)
    set_params(folder, SMALL)
    run = runner(folder)
    run("git", "init", "--quiet", "--initial-branch=main")
    run("dicom-router", "sample", "--images", str(images), "--jobs", "1", "data", PYTHONPATH=str(folder / "src"))
    run("dvc", "add", "--quiet", "data")
    return run
