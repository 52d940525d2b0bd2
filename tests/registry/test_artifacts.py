"""MLflow's folder of artifacts, which may be gone or full."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import Server
from registry.registered import BY_FLOW

from dicom_router.errors import RegistryError
from dicom_router.registry.recording import record


def test_a_folder_of_artifacts_that_takes_nothing_is_said_and_the_same_record_is_completed_later(
    client: MlflowClient, server: Server, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder = server.folder / "artifacts"
    folder.mkdir(exist_ok=True)
    folder.rename(folder.with_name("away"))
    folder.touch()  # in the way also of who may write everywhere
    try:
        with pytest.raises(RegistryError, match="check that the server's artifact folder is there, writable and not"):
            record(good, BY_FLOW)
    finally:
        folder.unlink()
        folder.with_name("away").rename(folder)
    recorded = record(good, BY_FLOW)
    assert not recorded.existed
    (run,) = client.search_runs([client.get_run(recorded.run_id).info.experiment_id])
    assert run.info.run_id == recorded.run_id
