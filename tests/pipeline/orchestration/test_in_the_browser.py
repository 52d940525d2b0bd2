"""What a person sees and clicks: the stages of a run in Prefect, the description and the alias of a version in MLflow.

Screenshots are kept in ``work/screenshots`` of the repository, to be looked at.
"""

import json
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from conftest import ROOT
from documents import scoring_commands
from programs import require_program
from real_platform import RealPlatform, as_shown
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

SCREENSHOTS = ROOT / "work/screenshots"
SWITCHES = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1200")


class Page:
    """A browser's page: what it says, what can be clicked."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def until(self, condition: Callable[[webdriver.Chrome], object]) -> object:
        """Wait until ``condition`` holds, and return what it found."""
        return WebDriverWait(self.browser, 60).until(condition)

    def shows(self, *texts: str) -> bool:
        """Wait until the page says all of ``texts``."""
        self.until(lambda browser: all(text in self.text() for text in texts))
        return True

    def text(self) -> str:
        """Return what the page says."""
        return self.browser.find_element(By.TAG_NAME, "body").text

    def find(self, selector: str) -> WebElement:
        """Wait for the first element that ``selector`` matches."""
        found = self.until(lambda browser: browser.find_elements(By.CSS_SELECTOR, selector))
        assert isinstance(found, list)
        element: WebElement = found[0]
        return element

    def click(self, text: str) -> None:
        """Click what says just ``text``."""
        path = f"//*[normalize-space(.)='{text}']"
        self.until(lambda browser: browser.find_elements(By.XPATH, path))
        self.browser.find_elements(By.XPATH, path)[-1].click()

    def keep(self, name: str) -> None:
        """Keep a screenshot."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(SCREENSHOTS / f"{name}.png"))


@pytest.fixture
def page() -> Iterator[Page]:
    options = webdriver.ChromeOptions()
    options.binary_location = require_program("chromium", "chromium")
    for switch in SWITCHES:
        options.add_argument(switch)
    browser = webdriver.Chrome(options, Service(require_program("chromedriver", "chromium-driver")))
    yield Page(browser)
    browser.quit()


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
