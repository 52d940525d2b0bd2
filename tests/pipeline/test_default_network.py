"""The sample is hard enough to mean something, and the repository's own parameters learn it."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def reports(default_project: Path) -> dict[str, Any]:
    """Return both reports of the default network on the default sample."""
    return {name: json.loads((default_project / f"reports/{name}.json").read_text()) for name in ("test", "external")}


def test_the_default_network_reaches_090_on_the_internal_test(reports: dict[str, Any]) -> None:
    assert reports["test"]["macro"]["f1"]["value"] >= 0.90


def test_another_hospital_costs_something_measurable(reports: dict[str, Any]) -> None:
    difference = reports["external"]["difference"]["macro"]["f1"]
    assert difference["value"] < 0
    assert difference["high"] < 0
