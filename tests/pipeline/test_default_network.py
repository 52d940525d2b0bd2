"""The sample is hard enough to mean something, and the repository's own parameters learn it."""

import json
from pathlib import Path
from typing import Any

import pytest
from small_project import copy_project, runner


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return both reports of the default network on the default sample."""
    folder = tmp_path_factory.mktemp("default")
    copy_project(folder)
    run = runner(folder)
    run("git", "init", "--quiet")
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
