"""A leaderboard in MLflow: a run for each training, in an experiment of its own, and one that keeps the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient

from dicom_router.model.training.history import EpochRecord
from dicom_router.registry.contents import leaves
from dicom_router.registry.runs import RECORDED, create_run, experiment_id, find_run, log, log_curves
from dicom_router.registry.server import connected, page

EXPERIMENT: Final = "dicom-router-leaderboard"
INPUTS: Final = "train.inputs"  # names all that decided the weights
BOARD: Final = "leaderboard"


@dataclass(frozen=True)
class Training:
    """One training, as MLflow shows it."""

    inputs: str
    name: str
    parameters: Mapping[str, Any]  # nested as in params.yaml
    figures: Mapping[str, float]
    history: tuple[EpochRecord, ...]
    tags: Mapping[str, str]


def publish(trainings: Sequence[Training], files: Sequence[Path]) -> str:
    """Record what is not there yet, and a run with the ``files`` of the board; return the experiment's address.

    Raises:
        RegistryUnreachable: MLflow does not answer; nothing is lost, call again.
        RegistryError: MLflow refuses.
    """
    with connected() as client:
        for training in trainings:
            _record(client, training)
        board = create_run(client, BOARD, {BOARD: "true"}, EXPERIMENT)
        for file in files:
            client.log_artifact(board.info.run_id, str(file))
        client.set_terminated(board.info.run_id, status="FINISHED")
        return page("experiments", experiment_id(client, EXPERIMENT))


def _record(client: MlflowClient, training: Training) -> None:
    """Record one training; interrupted, it is completed by the next call."""
    tags = {INPUTS: training.inputs}
    run = find_run(client, tags, experiment=EXPERIMENT) or create_run(client, training.name, tags, EXPERIMENT)
    if run.data.tags.get(RECORDED) == "true":
        return
    log(client, run, params=dict(leaves(training.parameters)), figures=training.figures, tags=training.tags)
    log_curves(client, run.info.run_id, training.history)
    client.set_tag(run.info.run_id, RECORDED, "true")
    client.set_terminated(run.info.run_id, status="FINISHED")
