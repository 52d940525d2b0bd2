"""Who answers the champion's films in silence, as the registry has it: nothing that is wrong costs the champion."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import Server, free_port
from monitoring.delivering import adds_up, asked, deliver_many, rows, run
from monitoring.made_up_nights import settings

from dicom_router.model.answers import Facts
from dicom_router.monitoring import challenger
from dicom_router.monitoring.champion import REFERENCE
from dicom_router.monitoring.drift.reporting import report
from dicom_router.monitoring.rescoring import Request
from dicom_router.registry import fetching
from dicom_router.registry.champion import CHALLENGER, CHAMPION
from dicom_router.registry.server import ADDRESS, MODEL

Versions = tuple[str, str, str]


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """Return a request for five films, for champion and challenger."""
    deliver_many(tmp_path / "inbox", 5)
    return asked(tmp_path, tmp_path, model=REFERENCE, challenger=challenger.REFERENCE)


def call(client: MlflowClient, champion: str, beside: str) -> None:
    """Give the aliases, as MLflow's pages do."""
    client.set_registered_model_alias(MODEL, CHAMPION, champion)
    client.set_registered_model_alias(MODEL, CHALLENGER, beside)


def test_a_challenger_scores_along_is_reported_and_promoted_and_the_change_is_shown(
    versions: Versions, connection: MlflowClient, request_: Request, tmp_path: Path, good: Path, bad: Path
) -> None:
    call(connection, versions[0], versions[1])
    account = run(request_)
    champion, beside = (Facts.read(project / "artifacts/model").version for project in (good, bad))
    assert (account.model, account.scored, account.shadows) == (champion, 5, 5)
    assert rows(tmp_path, "model, challenger, challenger_number", "runs") == [(champion, beside, "2")]
    found = report(request_, settings(), tmp_path / "reports")
    assert f"challenger   version 2 ({beside}), since " in found.lines[-2]
    assert "agrees with the champion in 0.800 (" in found.markdown
    page = found.page.read_text()
    assert f"The challenger, version 2 ({beside}), answers the champion's films in silence" in page
    assert page.count("data:image/png") == 1 and "Spine → Other" in page

    connection.set_registered_model_alias(MODEL, CHAMPION, versions[1])
    promoted = run(request_)
    assert (promoted.model, promoted.scored, promoted.known, promoted.challenger) == (beside, 0, 5, None)
    page = report(request_, settings(), tmp_path / "reports").page.read_text()
    assert 'id="challenger"' not in page and f"Until now <code>{champion}</code> scored" in page
    assert "<b>1</b> changed class" in page and page.count("data:image/png") == 1


def test_a_challenger_whose_files_are_damaged_in_the_registry_is_one_warning(
    versions: Versions, connection: MlflowClient, server: Server, request_: Request, newer: Path
) -> None:
    call(connection, versions[0], versions[2])
    card = (newer / "artifacts/model/model.json").read_bytes()
    stored = [path for path in server.folder.rglob("model.json") if path.read_bytes() == card]
    assert stored  # one for each test that has registered it
    try:
        for path in stored:
            path.write_bytes(card[:-9])
        account = run(request_)
    finally:
        for path in stored:
            path.write_bytes(card)
    assert account.scored == 5 and account.challenger is None and adds_up(account)
    (warning,) = [line for line in account.lines if "hallenger" in line]
    assert "No challenger scored along" in warning and "damaged" in warning


def test_while_no_registry_answers_there_is_no_challenger_and_one_warning_says_so(
    versions: Versions, connection: MlflowClient, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(connection, versions[0], versions[2])
    kept = fetching.fetch(REFERENCE).parent
    monkeypatch.setenv(ADDRESS, f"http://127.0.0.1:{free_port()}")
    kept.rename(fetching._home())  # what a server that went away would have left
    account = run(request_)
    assert account.scored == 5 and account.challenger is None
    (warning,) = [line for line in account.lines if line.startswith("No challenger scored along: ")]
    assert "does not answer" in warning


def test_without_a_challenger_or_with_a_deleted_one_the_champion_scores_and_nothing_is_said(
    versions: Versions, connection: MlflowClient, request_: Request
) -> None:
    call(connection, versions[0], versions[2])
    connection.delete_model_version(MODEL, versions[2])
    account = run(request_)
    assert account.scored == 5 and account.challenger is None and "hallenger" not in "\n".join(account.lines)
