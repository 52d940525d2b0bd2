"""One small project, run once, for every test of the pipeline as a whole."""

from pathlib import Path

import pytest
from small_project import Run, runner, start_project, without_network


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a committed project after one ``dvc repro`` without a network."""
    folder = tmp_path_factory.mktemp("project")
    run = start_project(folder, images=200)
    run(*without_network(run), "dvc", "repro")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message", "A small project")
    return folder


@pytest.fixture
def run(project: Path) -> Run:
    """Run a command in the project; it must succeed unless ``fails=True``."""
    return runner(project)
