"""One small project, run once, for every test of the pipeline as a whole; and one of the default size."""

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from small_project import IMAGES, Run, copy_project, environment, runner, start_project, without_network

DEMO_CACHE = ROOT / ".demo/.dvc/cache"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a committed project after one ``dvc repro`` without a network."""
    folder = tmp_path_factory.mktemp("project")
    run = start_project(folder, IMAGES)
    run(*without_network(run), "dvc", "repro")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message", "A small project")
    return folder


@pytest.fixture
def run(project: Path) -> Run:
    """Run a command in the project; it must succeed unless ``fails=True``."""
    return runner(project)


@pytest.fixture(scope="session")
def default_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the default sample and the repository's own parameters, run up to its reports."""
    folder = tmp_path_factory.mktemp("default")
    copy_project(folder)
    run = runner(folder)
    run("git", "init", "--quiet")
    use_what_the_demo_made(run, folder)
    run("dicom-router", "sample", "data", PYTHONPATH=str(folder / "src"))
    run("dvc", "add", "--quiet", "data")
    run("dvc", "repro", "external")
    return folder


def use_what_the_demo_made(run: Run, folder: Path) -> None:
    """Let DVC take from the demo's cache what that made of the very same data, parameters and code."""
    if DEMO_CACHE.is_dir():
        run("dvc", "cache", "dir", "--local", str(DEMO_CACHE))
        shutil.copy(ROOT / "data.dvc", folder)
        subprocess.run(["dvc", "checkout", "--quiet", "data"], cwd=folder, env=environment(), check=False)
