"""Which version scores what was delivered: the champion of that moment, whatever happened to it."""

import re
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import free_port
from monitoring.delivering import adds_up, asked, deliver_many, run
from registry.registered import judged

from dicom_router.errors import NoChampion, RegistryUnreachable
from dicom_router.monitoring.champion import REFERENCE, find_champion
from dicom_router.monitoring.rescoring import Request
from dicom_router.registry import fetching
from dicom_router.registry.champion import CHAMPION, read_champion
from dicom_router.registry.server import ADDRESS, MODEL

Versions = tuple[str, str, str]


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """Return a request for five films, to be scored by the champion."""
    deliver_many(tmp_path / "inbox", 5)
    return asked(tmp_path, tmp_path, model=REFERENCE)


def test_without_a_champion_nothing_is_scored_and_it_is_said_how_to_promote(
    versions: Versions, request_: Request, tmp_path: Path
) -> None:
    with pytest.raises(NoChampion, match="run `dicom-router promote VERSION"):
        run(request_)
    assert not (tmp_path / "log.sqlite").exists()


def test_a_new_champion_scores_the_next_run_and_the_change_is_counted(
    versions: Versions, connection: MlflowClient, request_: Request
) -> None:
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[0])  # as MLflow's pages do
    first = run(request_)
    assert first.scored == 5 and first.change is None
    assert [move.version for move in read_champion().history] == [versions[0]]
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[1])
    second = run(request_)
    assert second.change is not None and dict(second.change.moves) == {("spine", "other"): 1}
    assert re.search("Champion 2 did not pass its gate", second.lines[0])


def test_while_no_registry_answers_the_last_champion_known_scores_and_the_account_says_so(
    versions: Versions, connection: MlflowClient, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[0])
    deliver_many(request_.inbox, 2, first=5)
    kept = fetching.fetch(REFERENCE).parent
    monkeypatch.setenv(ADDRESS, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RegistryUnreachable, match="make up"):
        run(request_)
    kept.rename(fetching._home())  # what a server that went away would have left
    account = run(request_)
    assert account.scored == 7 and adds_up(account)
    assert "does not answer" in account.lines[0] and "Scored by the last version known here, 1." in account.lines[0]


def test_that_it_failed_its_gate_is_said_of_a_champion_known_from_before_too(
    versions: Versions, connection: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[1])
    kept = fetching.fetch(REFERENCE).parent
    monkeypatch.setenv(ADDRESS, f"http://127.0.0.1:{free_port()}")
    kept.rename(fetching._home())
    outage, red = find_champion().warnings
    assert "does not answer" in outage and "did not pass its gate" in red


def test_a_champion_that_was_deleted_is_none(client: MlflowClient, good: Path, request_: Request) -> None:
    version, _ = judged(good)
    client.set_registered_model_alias(MODEL, CHAMPION, version)
    run(request_)
    client.delete_model_version(MODEL, version)
    with pytest.raises(NoChampion, match=f"version {version} was; it was deleted"):
        run(request_)
