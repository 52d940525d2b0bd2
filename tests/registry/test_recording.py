"""What MLflow knows of a run."""

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import free_port
from registry.painted_project import DATA, HISTORY, write_lock
from registry.registered import BY_FLOW, COMMIT

from dicom_router.errors import DataError, RegistryUnreachable
from dicom_router.params import load_params
from dicom_router.registry.lock import Lock
from dicom_router.registry.recording import Provenance, record
from dicom_router.registry.server import ADDRESS, EXPERIMENT, check_reachable, page


def test_a_record_holds_params_figures_with_bounds_files_data_and_where_it_comes_from(
    client: MlflowClient, good: Path
) -> None:
    recorded = record(good, BY_FLOW)
    run = client.get_run(recorded.run_id)
    report = json.loads((good / "reports/test.json").read_text())
    figure = report["macro"]["f1"]
    names = ("test.macro.f1", "test.macro.f1.low", "test.macro.f1.high")
    assert [run.data.metrics[name] for name in names] == [figure["value"], figure["low"], figure["high"]]
    assert run.data.metrics["external.difference.accuracy"] < 1
    assert run.data.params["train.network"] == load_params(good / "params.yaml").train.network
    assert run.data.params["gate.recall"] == "0.5"
    tags = run.data.tags
    assert (tags["git.commit"], tags["git.dirty"], tags["prefect.flow_run_id"]) == (COMMIT, "false", "flow-1")
    assert tags["dvc.lock.train"] == Lock.read(good).stages["train"]
    assert tags["synthetic"] == "true"
    assert {"version.python", "version.onnxruntime", "hardware.cpu", "hardware.cores"} <= set(tags)
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.digest == DATA
    assert [point.value for point in client.get_metric_history(recorded.run_id, "train_loss")] == [
        record.train_loss for record in HISTORY
    ]
    kept = {item.path for item in client.list_artifacts(recorded.run_id)}
    assert kept == {"params.yaml", "dvc.lock", "data", "reports", "figures"}
    figures = {Path(item.path).name for item in client.list_artifacts(recorded.run_id, "figures")}
    assert figures >= {"training.png", "test-confusion.png", "external-reliability.png"}
    assert run.info.status == "FINISHED"


def test_the_same_lock_and_commit_give_the_run_that_there_is(client: MlflowClient, good: Path) -> None:
    first, second = record(good, BY_FLOW), record(good, Provenance(COMMIT, False, "flow-2", None))
    assert (first.existed, second.existed) == (False, True)
    assert first.run_id == second.run_id
    assert client.get_run(first.run_id).data.tags["prefect.flow_run_id"] == "flow-1"


@pytest.mark.parametrize("what", ["commit", "lock"])
def test_another_commit_or_lock_gives_another_run(client: MlflowClient, project: Path, what: str) -> None:
    first = record(project, BY_FLOW)
    if what == "lock":
        (project / "params.yaml").write_text((project / "params.yaml").read_text() + "# changed\n")
        write_lock(project)
    provenance = Provenance("b" * 40 if what == "commit" else COMMIT, False, None, None)
    second = record(project, provenance)
    assert second.run_id != first.run_id
    assert not second.existed


def test_a_record_that_was_interrupted_is_completed_by_the_next_call(client: MlflowClient, project: Path) -> None:
    table = project / "artifacts/images.parquet"  # which is read late
    table.rename(project / "elsewhere")
    with pytest.raises(DataError, match=r"images\.parquet is missing"):
        record(project, BY_FLOW)
    (project / "elsewhere").rename(table)
    recorded = record(project, BY_FLOW)
    assert not recorded.existed
    runs = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert [run.info.run_id for run in runs] == [recorded.run_id]
    assert len(client.get_metric_history(recorded.run_id, "train_loss")) == len(HISTORY)
    assert len(client.get_metric_history(recorded.run_id, "test.macro.f1")) == 1


def test_a_server_that_is_not_there_is_named_with_what_to_do(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RegistryUnreachable, match="does not answer: start it with `make up`"):
        check_reachable()
    with pytest.raises(RegistryUnreachable):
        record(good, BY_FLOW)


def test_a_password_in_the_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, f"http://ada:secret@127.0.0.1:{free_port()}")
    with pytest.raises(RegistryUnreachable) as caught:
        check_reachable()
    assert "secret" not in f"{caught.value}{page('models')}"


def test_a_pipeline_that_did_not_run_is_not_recorded(client: MlflowClient, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"dvc\.lock is missing: run the pipeline first"):
        record(tmp_path, BY_FLOW)


def test_a_pipeline_that_did_not_end_is_not_recorded(client: MlflowClient, project: Path) -> None:
    (project / "reports/index.html").unlink()
    with pytest.raises(DataError, match=r"reports/index\.html missing .*: run the pipeline to its end"):
        record(project, BY_FLOW)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is None or client.search_runs([experiment.experiment_id]) == []
