"""Nights in MLflow: figures that grow by a point a night."""

from datetime import date

import pytest
from mlflow import MlflowClient
from mlflow_server import free_port

from dicom_router.errors import RegistryUnreachable
from dicom_router.registry.nights import log_night
from dicom_router.registry.server import ADDRESS, MONITORING


def test_each_site_has_a_run_whose_figures_grow_by_a_point_a_night(connection: MlflowClient) -> None:
    nights = {date(2026, 4, 1): 0.1, date(2026, 4, 2): 0.4}
    for night, value in [*nights.items(), *nights.items()]:  # each looked at twice
        log_night(night, {"north": {"exposure": value, "state": 0.0}, "south": {"state": 1.0}})
    experiment = connection.get_experiment_by_name(MONITORING)
    assert experiment is not None
    runs = {run.info.run_name: run.info.run_id for run in connection.search_runs([experiment.experiment_id])}
    assert set(runs) == {"north", "south"}
    points = connection.get_metric_history(runs["north"], "exposure")
    assert [(point.value, point.step) for point in points] == [(0.1, 20544), (0.4, 20545)]


def test_without_a_server_it_is_said(connection: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RegistryUnreachable, match="make up"):
        log_night(date(2026, 4, 1), {})
