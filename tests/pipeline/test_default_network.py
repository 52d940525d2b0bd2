"""The sample is hard enough to mean something, and the repository's own parameters learn it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from small_project import Run, copy_project, environment, runner

DEMO_CACHE = ROOT / ".demo/.dvc/cache"


def use_what_the_demo_made(run: Run, folder: Path) -> None:
    """Let DVC take from the demo's cache what that made of the very same data, parameters and code."""
    if DEMO_CACHE.is_dir():
        run("dvc", "cache", "dir", "--local", str(DEMO_CACHE))
        shutil.copy(ROOT / "data.dvc", folder)
        subprocess.run(["dvc", "checkout", "--quiet", "data"], cwd=folder, env=environment(), check=False)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return both reports of the default network on the default sample."""
    folder = tmp_path_factory.mktemp("default")
    copy_project(folder)
    run = runner(folder)
    run("git", "init", "--quiet")
    use_what_the_demo_made(run, folder)
    run("dicom-router", "sample", "data", PYTHONPATH=str(folder / "src"))
    run("dvc", "add", "--quiet", "data")
    run("dvc", "repro", "external")
    return {name: json.loads(Path(folder / f"reports/{name}.json").read_text()) for name in ("test", "external")}


def test_the_default_network_reaches_090_on_the_internal_test(reports: dict[str, Any]) -> None:
    assert reports["test"]["macro"]["f1"]["value"] >= 0.90


def test_another_hospital_costs_something_measurable(reports: dict[str, Any]) -> None:
    difference = reports["external"]["difference"]["macro"]["f1"]
    assert difference["value"] < 0
    assert difference["high"] < 0
