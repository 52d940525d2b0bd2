"""A leaderboard in MLflow."""

from pathlib import Path

from mlflow import MlflowClient

from dicom_router.model.training.history import EpochRecord
from dicom_router.registry.leaderboard import EXPERIMENT, Training, publish

HISTORY = (EpochRecord(1, 1.5, 1.4, 0.5, 0.6, 0.01), EpochRecord(2, 1.2, 1.1, 0.7, 0.8, 0.005))
TRAINING = Training(
    "0123abc", "resnet18, paper, seed 42", {"train": {"epochs": 2}}, {"test.macro.f1": 0.9}, HISTORY, {}
)


def test_each_training_is_one_run_however_often_it_is_published(client: MlflowClient, tmp_path: Path) -> None:
    page = tmp_path / "leaderboard.md"
    page.write_text("# Leaderboard")
    address = publish([TRAINING], [page])
    assert publish([TRAINING], [page]) == address
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None and experiment.experiment_id in address
    runs = client.search_runs([experiment.experiment_id])
    trained = [run for run in runs if run.data.params]
    assert len(trained) == 1 and len(runs) == 3
    assert trained[0].data.params == {"train.epochs": "2"}
    assert trained[0].data.metrics["test.macro.f1"] == 0.9
    curve = client.get_metric_history(trained[0].info.run_id, "validation_macro_f1")
    assert [point.value for point in curve] == [0.5, 0.7]
    kept = [client.list_artifacts(run.info.run_id) for run in runs if run not in trained]
    assert all([artifact.path for artifact in artifacts] == ["leaderboard.md"] for artifacts in kept)
