"""Two models that read what is painted into a film, and an inbox to deliver to."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from monitoring.delivering import KEY, SITE, asked
from monitoring.made_up_nights import WINDOW, Hospital, empty_log, usual
from registry.painted_project import write_project

from dicom_router.model.answers import Facts
from dicom_router.monitoring.log.records import PredictionLog
from dicom_router.monitoring.rescoring import Request

Asking = Callable[..., Request]


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose model knows every class."""
    return write_project(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="session")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose model takes spines for something else."""
    return write_project(tmp_path_factory.mktemp("blind"), blind_to=3)


@pytest.fixture(scope="session")
def version(good: Path) -> str:
    """Return the version of the good model."""
    return Facts.read(good / "artifacts/model").version


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Return an inbox with the folder of a site."""
    (tmp_path / "inbox" / SITE).mkdir(parents=True)
    return tmp_path / "inbox"


@pytest.fixture
def asking(tmp_path: Path, good: Path) -> Asking:
    """Return a way to ask for a run over the inbox, by the good model unless said otherwise."""

    def ask(**changes: Any) -> Request:
        return asked(tmp_path, good / "artifacts/model", **changes)

    return ask


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the key as a user does."""
    monkeypatch.setenv("DICOM_ROUTER_PSEUDONYM_KEY", KEY)
    return KEY


@pytest.fixture(scope="session")
def commissioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a log with four weeks of a site, signed off."""
    folder = tmp_path_factory.mktemp("commissioned")
    with empty_log(folder) as log:
        usual(Hospital(log), WINDOW)
    return folder


@pytest.fixture
def weeks(commissioned: Path, tmp_path: Path) -> Iterator[PredictionLog]:
    """Return a log of four weeks of a site, signed off."""
    shutil.copytree(commissioned, tmp_path, dirs_exist_ok=True)
    with empty_log(tmp_path) as log:
        yield log
