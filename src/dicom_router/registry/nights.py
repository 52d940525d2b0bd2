"""What nights were found to be, in MLflow: a run for each site, whose figures grow by a point a night."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Metric

from dicom_router.registry.runs import experiment_id
from dicom_router.registry.server import MONITORING, connected, page

SITE: Final = "site"  # a tag of each run
FIRST: Final = date(1970, 1, 1)  # steps are days since then
AT_ONCE: Final = 100


def log_night(night: date, figures: Mapping[str, Mapping[str, float]]) -> str:
    """Add the ``figures`` of each site; return the address of the experiment. The same night again changes nothing.

    Raises:
        RegistryUnreachable: MLflow does not answer.
        RegistryError: MLflow refuses.
    """
    with connected() as client:
        experiment = experiment_id(client, MONITORING)
        for site, named in figures.items():
            _log(client, _run(client, experiment, site), night, named)
    return page("experiments", experiment)


def _run(client: MlflowClient, experiment: str, site: str) -> str:
    found = client.search_runs([experiment], f"tags.{SITE} = '{site}'", max_results=1, order_by=["start_time ASC"])
    run = found[0] if found else client.create_run(experiment, tags={SITE: site}, run_name=site)
    return str(run.info.run_id)


def _log(client: MlflowClient, run_id: str, night: date, figures: Mapping[str, float]) -> None:
    moment = int(datetime.combine(night, time(), UTC).timestamp() * 1000)
    points = [Metric(name, value, moment, (night - FIRST).days) for name, value in figures.items()]
    for start in range(0, len(points), AT_ONCE):
        client.log_batch(run_id, metrics=points[start : start + AT_ONCE])
