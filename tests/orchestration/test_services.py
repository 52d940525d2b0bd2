"""The platform's settings, and what it says where it cannot start."""

import os
import socket
from pathlib import Path

import pytest
from conftest import ROOT

from dicom_router.errors import PlatformError
from dicom_router.services.platform import down, status, up
from dicom_router.services.programs import configuration, programs
from dicom_router.services.settings import settings


def test_a_server_elsewhere_is_used_and_not_started(tmp_path: Path) -> None:
    made = settings(
        tmp_path, {"MLFLOW_TRACKING_URI": "https://mlflow.example", "PREFECT_API_URL": "https://p.example/api"}
    )
    assert [program.name for program in programs(made)] == ["worker-gpu", "worker-cpu", "guard"]


@pytest.mark.parametrize(
    ("value", "pools"),
    [("", ("gpu", "cpu")), ("cpu", ("cpu",)), ("cpu gpu", ("gpu", "cpu")), ("gpu,cpu", ("gpu", "cpu")), ("none", ())],
)
def test_workers_run_for_the_pools_that_are_named(tmp_path: Path, value: str, pools: tuple[str, ...]) -> None:
    made = settings(tmp_path, {"DICOM_ROUTER_WORKERS": value})
    names = [program.name for program in programs(made) if program.name.startswith("worker-")]
    assert names == [f"worker-{pool}" for pool in pools]


@pytest.mark.parametrize("value", ["tpu", "none,cpu"])
def test_a_pool_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(PlatformError, match=f"DICOM_ROUTER_WORKERS is '{value}'; accepted: gpu, cpu"):
        settings(tmp_path, {"DICOM_ROUTER_WORKERS": value})


def test_a_worker_is_named_after_its_clone(tmp_path: Path) -> None:
    one, again, other = (settings(tmp_path / clone, {}) for clone in ("one", "one", "other"))
    assert one.worker("cpu") == again.worker("cpu") != other.worker("cpu")
    assert f"--name {one.worker('cpu')}" in configuration(one)


def test_ports_follow_the_tools_own_variables(tmp_path: Path) -> None:
    made = settings(tmp_path, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5999", "PREFECT_SERVER_API_PORT": "4999"})
    assert (made.mlflow.port, made.environment["PREFECT_SERVER_API_PORT"]) == (5999, "4999")
    assert made.environment["PREFECT_API_URL"] == "http://127.0.0.1:4999/api"


def test_no_password_stands_in_the_configuration(tmp_path: Path) -> None:
    database = "postgresql://router:secret@db.example/mlflow"
    made = settings(tmp_path, {"MLFLOW_BACKEND_STORE_URI": database})
    assert "secret" not in configuration(made)
    assert made.environment["MLFLOW_BACKEND_STORE_URI"] == database


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="MLFLOW_TRACKING_URI is 'sqlite:///x'"):
        settings(tmp_path, {"MLFLOW_TRACKING_URI": "sqlite:///x"})


def test_a_taken_port_is_refused_and_its_holder_named(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        variables = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
        with pytest.raises(
            PlatformError, match=rf"port {port}, for mlflow, is taken by process {os.getpid()}, .*python"
        ):
            up(tmp_path, variables)
    assert status(tmp_path, variables) == ()


def test_down_where_nothing_is_up_does_nothing(tmp_path: Path) -> None:
    down(tmp_path, {})


def test_flows_are_under_eighty_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "flows").glob("*.py")}
    assert {name for name, length in lengths.items() if length >= 80} == set()
