"""What a person sees and clicks: stages of a run in Prefect, description and alias of a version in MLflow."""

import json
import urllib.request
from collections.abc import Iterator

import pytest
from browser import Page, opened
from documents import scoring_commands
from real_platform import RealPlatform, as_shown
from selenium.webdriver.common.keys import Keys


@pytest.fixture
def page() -> Iterator[Page]:
    with opened() as page:
        yield page


def test_prefect_shows_the_stages_of_a_run(platform: RealPlatform, restored: str, page: Page) -> None:
    page.browser.get(f"{platform.variables['PREFECT_API_URL'].removesuffix('/api')}/runs/flow-run/{restored}")
    assert page.shows("Stage 'validate' is cached")
    page.click("Task Runs")
    assert page.shows("validate", "package", "record", "judge")
    page.keep("prefect")


def test_a_person_reads_the_description_and_promotes_by_clicking(
    platform: RealPlatform, restored: str, page: Page
) -> None:
    server = platform.variables["MLFLOW_TRACKING_URI"]
    page.browser.get(f"{server}/#/models/dicom-router/versions/1")
    assert page.shows("The gate:", "Model card: dicom-router", "Intended use")
    page.find("button[title='Add aliases']").click()
    page.find("[role='dialog'] input").send_keys("champion", Keys.ENTER)
    page.click("Save aliases")
    assert page.shows("champion")
    page.keep("mlflow")
    page.until(lambda browser: champion(server) == "1")
    scored = as_shown(platform, scoring_commands()[1])  # as the README goes on
    assert scored.code == 0, scored.printed
    assert "champion  version 1" in scored.printed
    assert "data/images/" in scored.printed
    assert scored.printed.count("WARNING   Champion 1 did not pass its gate") == 2  # of so few films


def champion(server: str) -> str | None:
    """Return the version that MLflow calls champion."""
    with urllib.request.urlopen(f"{server}/api/2.0/mlflow/registered-models/get?name=dicom-router") as answer:
        aliases = json.load(answer)["registered_model"].get("aliases", [])
    return next((alias["version"] for alias in aliases if alias["alias"] == "champion"), None)
