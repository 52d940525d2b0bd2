"""Which device a network runs on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from listening_proxy import SWITCHES, listening_proxy

from dicom_router.errors import ModelError
from dicom_router.model.device import Device
from dicom_router.model.folder import GRAPH
from dicom_router.model.session import CPU, CUDA, open_session, providers_for

AZURE = "AzureExecutionProvider"


@pytest.mark.parametrize(
    ("device", "available", "tried"),
    [
        ("auto", [AZURE, CPU], [CPU]),
        ("auto", [CUDA, CPU], [CUDA, CPU]),
        ("cpu", [CUDA, CPU], [CPU]),
        ("cuda", [CUDA, CPU], [CUDA, CPU]),
    ],
)
def test_providers(device: Device, available: list[str], tried: list[str]) -> None:
    assert providers_for(device, available) == tried


def test_cuda_that_is_not_there_is_refused_with_what_to_do(network_folder: Path) -> None:
    with pytest.raises(ModelError, match="--device cpu, or install onnxruntime-gpu"):
        open_session(network_folder / GRAPH, device="cuda")


def test_auto_is_the_cpu_where_nothing_else_is(network_folder: Path) -> None:
    assert open_session(network_folder / GRAPH, device="auto").get_providers() == [CPU]


def test_a_session_tells_nobody_of_the_model(network_folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from dicom_router.model.session import open_session\n"
        "open_session(Path(sys.argv[1])); time.sleep(12)"  # ONNX Runtime sends what it has after some eight seconds
    )
    with listening_proxy() as proxy:
        named = {name: value for name, value in os.environ.items() if name not in SWITCHES}
        command = (sys.executable, "-c", code, network_folder / GRAPH)
        subprocess.run(command, env=named | proxy.variables, check=True)
        assert proxy.asked == []
