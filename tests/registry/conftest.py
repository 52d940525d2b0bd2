"""One MLflow server for all tests of the registry, emptied after each."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import RegisteredModel
from mlflow.exceptions import RestException
from mlflow_server import QUIET, Server, serving
from registry.painted_project import write_project
from registry.registered import judged

from dicom_router.registry.champion import CHAMPION, find_model
from dicom_router.registry.server import ADDRESS, EXPERIMENT, MODEL


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def connection(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """Return a client of the server, whose address commands find in the environment."""
    monkeypatch.setenv(ADDRESS, server.address)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return MlflowClient(server.address)


@pytest.fixture
def client(connection: MlflowClient) -> MlflowClient:
    """Return a client of an empty registry."""
    _empty(connection)
    return connection


@pytest.fixture
def versions(connection: MlflowClient, good: Path, bad: Path, newer: Path) -> tuple[str, str, str]:
    """Return the versions of three projects, good, bad and good, judged; nobody was ever champion."""
    model = find_model(connection)
    if model is None or len(connection.search_model_versions(f"name = '{MODEL}'")) != 3:
        _empty(connection)
        for project in (good, bad, newer):
            judged(project)
    else:
        _forget_promotions(connection, model)
    return "1", "2", "3"


def _forget_promotions(client: MlflowClient, model: RegisteredModel) -> None:
    if CHAMPION in model.aliases:
        client.delete_registered_model_alias(MODEL, CHAMPION)
    for name in model.tags:
        client.delete_registered_model_tag(MODEL, name)


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


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return another project whose version passes the gate."""
    return write_project(tmp_path_factory.mktemp("newer"), errors=30)


@pytest.fixture
def project(good: Path, tmp_path: Path) -> Path:
    """Return a copy of the good project that a test may change."""
    return Path(shutil.copytree(good, tmp_path / "project", symlinks=True))
