"""Curves while a training runs."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow_server import Server
from registry.painted_project import HISTORY
from registry.registered import BY_FLOW, COMMIT

from dicom_router.errors import RegistryUnreachable
from dicom_router.model.training.history import history_csv
from dicom_router.registry.following import INPUTS, followed_run
from dicom_router.registry.recording import Provenance, follow, record
from dicom_router.registry.server import EXPERIMENT
from dicom_router.storage import write_atomically

Captured = pytest.CaptureFixture[str]
OFTEN = 0.1
LIVE = Path("work/train/0123456789abcdef/history.csv")


def train_until(project: Path, epochs: int) -> None:
    """Write what the stage train has written after so many epochs."""
    write_atomically(project / LIVE, history_csv(HISTORY[:epochs]))


def finish(project: Path) -> None:
    """Do as the stage does in the end."""
    shutil.rmtree(project / "work/train")


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come true within 30 seconds")


def runs(client: MlflowClient) -> list[Run]:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return list(client.search_runs([experiment.experiment_id])) if experiment else []


def losses(client: MlflowClient) -> list[int]:
    """Return the epochs that the one run has."""
    found = runs(client)
    assert len(found) <= 1
    return [point.step for run in found for point in client.get_metric_history(run.info.run_id, "train_loss")]


def test_epochs_are_there_while_training_runs_and_the_record_completes_that_run(
    client: MlflowClient, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.2")
    with follow(project, BY_FLOW, OFTEN):
        train_until(project, 1)
        eventually(lambda: losses(client) == [1])
        train_until(project, 2)
        eventually(lambda: losses(client) == [1, 2])
        time.sleep(0.5)
        finish(project)
    recorded = record(project, BY_FLOW)
    assert losses(client) == [1, 2, 3]
    run = client.get_run(recorded.run_id)
    assert run.data.tags["followed"] == "true"
    assert "system/cpu_utilization_percentage" in run.data.metrics


def test_a_stage_that_dvc_restores_opens_no_run(client: MlflowClient, project: Path) -> None:
    history = project / "artifacts/network/history.csv"
    content = history.read_bytes()
    history.unlink()
    with follow(project, BY_FLOW, OFTEN):
        history.write_bytes(content)
        time.sleep(3 * OFTEN)
    assert losses(client) == []
    assert client.get_run(record(project, BY_FLOW).run_id).data.tags["followed"] == "false"


def test_a_killed_training_is_gone_on_with_in_the_run_it_left(client: MlflowClient, project: Path) -> None:
    with pytest.raises(KeyboardInterrupt), follow(project, BY_FLOW, OFTEN):
        train_until(project, 1)
        eventually(lambda: losses(client) == [1])
        raise KeyboardInterrupt
    with follow(project, Provenance(COMMIT, False, "flow-2", None), OFTEN):
        train_until(project, 3)
        eventually(lambda: losses(client) == [1, 2, 3])
        finish(project)
    recorded = record(project, Provenance(COMMIT, False, "flow-2", None))
    assert not recorded.existed
    run = client.get_run(recorded.run_id)
    assert (run.data.tags["prefect.flow_run_id"], run.info.status) == ("flow-2", "FINISHED")


def test_a_training_of_the_same_inputs_elsewhere_has_a_run_of_its_own(
    client: MlflowClient, project: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    with follow(project, BY_FLOW, OFTEN), follow(elsewhere, BY_FLOW, OFTEN):
        train_until(project, 1)
        eventually(lambda: len(runs(client)) == 1)
        train_until(elsewhere, 2)
        eventually(lambda: len(runs(client)) == 2)
    epochs = [len(client.get_metric_history(run.info.run_id, "train_loss")) for run in runs(client)]
    assert sorted(epochs) == [1, 2]
    assert len({followed_run(folder) for folder in (project, elsewhere)}) == 2


def test_a_second_training_in_the_same_place_has_a_run_of_its_own(client: MlflowClient, project: Path) -> None:
    second = project / "work/train/fedcba9876543210/history.csv"
    with follow(project, BY_FLOW, OFTEN):
        train_until(project, 2)
        eventually(lambda: len(runs(client)) == 1)
        write_atomically(second, history_csv(HISTORY[:1]))
        eventually(lambda: len(runs(client)) == 2)
    by_inputs = {run.data.tags[INPUTS]: run for run in runs(client)}
    first, last = by_inputs[LIVE.parent.name], by_inputs[second.parent.name]
    assert (first.info.status, last.info.run_id) == ("FINISHED", followed_run(project))
    assert len(client.get_metric_history(last.info.run_id, "train_loss")) == 1


def test_what_an_older_training_left_is_not_followed(client: MlflowClient, project: Path) -> None:
    train_until(project, 2)
    with follow(project, BY_FLOW, OFTEN):
        time.sleep(3 * OFTEN)
    assert losses(client) == []


def test_a_server_lost_in_mid_training_stops_nothing_and_the_curves_are_completed(
    server: Server, client: MlflowClient, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with follow(project, BY_FLOW, OFTEN):
        train_until(project, 1)
        eventually(lambda: losses(client) == [1])
        server.stop()
        train_until(project, 2)
        eventually(lambda: "The training goes on" in capsys.readouterr().err)
        finish(project)
    with pytest.raises(RegistryUnreachable):
        record(project, BY_FLOW)
    server.start()
    with follow(project, BY_FLOW, OFTEN):  # as the next run of the flow does, whose training comes from the cache
        time.sleep(2 * OFTEN)
    run = client.get_run(record(project, BY_FLOW).run_id)
    assert losses(client) == [1, 2, 3]
    assert run.data.tags[INPUTS] == LIVE.parent.name
