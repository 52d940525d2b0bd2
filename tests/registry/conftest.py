"""One MLflow server for all tests of the registry, emptied after each."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import RestException
from mlflow_server import QUIET, Server, serving
from registry.painted_project import write_project

from dicom_router.registry.server import ADDRESS, EXPERIMENT, MODEL


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def client(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    """Return a client of an empty registry, whose address the commands find in the environment."""
    monkeypatch.setenv(ADDRESS, server.address)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    client = MlflowClient(server.address)
    yield client
    _empty(client)


def _empty(client: MlflowClient) -> None:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    for run in client.search_runs([experiment.experiment_id]) if experiment is not None else []:
        client.delete_run(run.info.run_id)
    try:
        client.delete_registered_model(MODEL)
    except RestException:
        return


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose version passes the gate."""
    return write_project(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project on the same films whose network takes spines for something else."""
    return write_project(tmp_path_factory.mktemp("bad"), blind_to=3)


@pytest.fixture
def project(good: Path, tmp_path: Path) -> Path:
    """Return a copy of the good project that a test may change."""
    return Path(shutil.copytree(good, tmp_path / "project", symlinks=True))
