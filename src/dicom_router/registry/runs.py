"""Runs of the experiment: found again, opened, added to. What is logged twice stands once."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from dicom_router.errors import RegistryError
from dicom_router.model.training.history import EpochRecord
from dicom_router.registry.contents import curves
from dicom_router.registry.server import EXPERIMENT

RECORDED: Final = "recorded"  # the tag of a run that has all it should
AT_ONCE: Final = 100  # parameters, tags or points in a request; MLflow takes no more parameters

T = TypeVar("T")


def experiment_id(client: MlflowClient, name: str = EXPERIMENT) -> str:
    """Return the experiment ``name``, made where there is none.

    Raises:
        RegistryError: somebody deleted it.
    """
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name)
        except MlflowException as error:
            found = client.get_experiment_by_name(name)  # another training was quicker
            if found is None or error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    if found.lifecycle_stage != "active":
        raise RegistryError(
            f"the experiment {name} was deleted in MLflow: bring it back with"
            f" `mlflow experiments restore --experiment-id {found.experiment_id}`"
        )
    return str(found.experiment_id)


def find_run(client: MlflowClient, tags: Mapping[str, str], run_id: str | None = None) -> Run | None:
    """Return the oldest run that has all these ``tags``; with ``run_id`` that one, if it has them."""
    conditions = [f"tags.`{name}` = '{value}'" for name, value in tags.items()]
    wanted = " and ".join([*conditions, *([f"attributes.run_id = '{run_id}'"] if run_id else [])])
    order = ["attributes.start_time ASC"]
    found = client.search_runs([experiment_id(client)], wanted, max_results=1, order_by=order)
    return found[0] if found else None


def create_run(client: MlflowClient, name: str, tags: Mapping[str, str]) -> Run:
    """Open a run."""
    return client.create_run(experiment_id(client), tags=dict(tags), run_name=name)


def log(
    client: MlflowClient,
    run: Run,
    *,
    params: Mapping[str, str] | None = None,
    figures: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Add to ``run``; figures bear the time at which it began, so that MLflow knows them when they are logged again."""
    began = run.info.start_time
    points = [Metric(name, value, began, 0) for name, value in (figures or {}).items()]
    for values in _parts([Param(*pair) for pair in (params or {}).items()]):
        client.log_batch(run.info.run_id, params=values)
    for marks in _parts([RunTag(*pair) for pair in (tags or {}).items()]):
        client.log_batch(run.info.run_id, tags=marks)
    for some in _parts(points):
        client.log_batch(run.info.run_id, metrics=some)


def log_curves(client: MlflowClient, run_id: str, history: Iterable[EpochRecord]) -> None:
    """Add the epochs that the run does not have yet."""
    known = {point.step for point in client.get_metric_history(run_id, "train_loss")}
    now = int(time.time() * 1000)
    for record in history:
        if record.epoch not in known:
            points = [Metric(name, value, now, record.epoch) for name, value in curves(record).items()]
            client.log_batch(run_id, metrics=points)


def _parts(things: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(things), AT_ONCE):
        yield list(things[start : start + AT_ONCE])
