"""Which device a network runs on."""

from pathlib import Path

import pytest

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
