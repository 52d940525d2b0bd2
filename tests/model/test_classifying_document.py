"""What docs/classifying.md shows is run, and what it lists is what there is."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from documents import CLASSIFYING, commands, runnable, write_export
from pyarrow import parquet
from small_project import environment

from dicom_router.model.packaging.writing import Ingredients, write_model
from dicom_router.model.rows import COLUMNS

TEXT = (ROOT / CLASSIFYING).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(
    network_folder: Path, calibration_folder: Path, ingredients: Ingredients, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with an export and a model of real films."""
    folder = tmp_path_factory.mktemp("project")
    write_export(folder / "export", planted=False)
    real = replace(ingredients, network={**ingredients.network, "synthetic": False})
    write_model(folder / "artifacts" / "model", network_folder, calibration_folder, real)
    return folder


def test_its_commands_run(project: Path) -> None:
    script = "\n".join(["set -eu -o pipefail", *map(runnable, commands(CLASSIFYING))])
    done = subprocess.run(["bash", "-c", script], cwd=project, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    assert len((project / "results.csv").read_text().splitlines()) == 1 + 60
    assert parquet.read_metadata(project / "results.parquet").num_rows == 30


def test_its_python_runs(project: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 + 30


def test_it_lists_every_column() -> None:
    names = re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| `")))
    shown = list(COLUMNS)
    first, last = shown.index("p_abdomen"), shown.index("p_other")
    assert names == [*shown[: first + 1], *shown[last:]]
