"""The benchmark of training on a GPU runs on a bare machine; here tiny, on the CPU."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

HEAVY = {"pydicom", "pydantic", "ruamel", "pandas", "onnx", "onnxruntime", "mlflow", "prefect", "dvc", "click"}
RUN = f"""
import runpy, sys
runpy.run_path("benchmarks/gpu_training.py", run_name="__main__")
print("loaded", *sorted({HEAVY!r}.intersection(sys.modules)))
"""


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """Return the figures that it wrote, and what it printed."""
    out: Path = tmp_path_factory.mktemp("smoke") / "figures.json"
    done = subprocess.run(
        [sys.executable, "-c", RUN, "--smoke", "--out", str(out)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text()), done.stdout


def test_every_figure_is_there_and_called_no_measurement(smoke: tuple[Any, str]) -> None:
    figures, _ = smoke
    (network,) = figures["networks"]
    positive = ("step_images_per_second", "resident_share_of_step", "streamed_share_of_step", "resident_share_of_peak")
    assert all(network[name] > 0 for name in positive)
    assert figures["whole"][0]["minutes"] > 0
    assert "no measurements" in figures["device"]


def test_it_needs_nothing_that_a_bare_gpu_machine_lacks(smoke: tuple[Any, str]) -> None:
    _, printed = smoke
    assert printed.splitlines()[-1].split() == ["loaded"]
