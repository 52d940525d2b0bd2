"""What docs/monitoring.md shows is run, and what it lists is what there is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from documents import MONITORING, Ran, own_commands, run_script, runnable, write_export
from pyarrow import parquet
from small_project import set_params

from dicom_router.monitoring.drift.signals import SIGNALS
from dicom_router.monitoring.log.tables import PREDICTIONS
from dicom_router.params import Drift, Floors, Monitoring

TEXT = (ROOT / MONITORING).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ran(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(good / "artifacts/model", folder / "model")
    shutil.copy(ROOT / "params.yaml", folder)
    set_params(folder, {"monitoring": {"quiet_seconds": 0, "jobs": 0}})
    write_export(folder / "export", planted=False)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return run_script(folder, map(runnable, own_commands(MONITORING)))


def test_its_commands_run(ran: Ran) -> None:
    assert ran.code == 0, f"{ran.script}\n{ran.printed}"
    assert len((ran.folder / "predictions.csv").read_text().splitlines()) == 1 + 30
    assert parquet.read_schema(ran.folder / "north.parquet").names == [
        *(column.name for column in PREDICTIONS.columns),
        "features",
    ]


def test_the_log_is_for_its_owner_and_no_file_of_the_repository(ran: Ran) -> None:
    log = ran.folder / "private/predictions.sqlite"
    assert log.stat().st_mode & 0o077 == 0 and log.parent.stat().st_mode & 0o077 == 0
    listed = subprocess.run(["git", "status", "--porcelain", "private"], cwd=ran.folder, capture_output=True, text=True)
    assert listed.stdout == ""


def test_it_lists_every_column_and_every_parameter() -> None:
    shown = {name for line in TEXT.splitlines() if line.startswith("| `") for name in re.findall("`([^`]+)`", line)}
    columns = {column.name for column in PREDICTIONS.columns}
    assert {name for name in columns - shown if not name.startswith("p_")} == set()
    assert {*Monitoring.model_fields, *Drift.model_fields, *Floors.model_fields} - shown == set()


def test_it_explains_every_signal() -> None:
    shown = {name for line in TEXT.splitlines() if line.startswith("| `") for name in re.findall("`([^`]+)`", line)}
    assert {signal.name for signal in SIGNALS} - shown == set()
