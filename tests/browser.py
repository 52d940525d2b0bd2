"""A page in headless Chromium: what it says, what can be clicked. Screenshots are kept in ``work/screenshots``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from conftest import ROOT
from programs import require_program
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

SCREENSHOTS = ROOT / "work/screenshots"
SWITCHES = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1200")


class Page:
    """A browser's page."""

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

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the page's console holds: errors, and whatever could not be loaded."""
        found: list[dict[str, Any]] = self.browser.get_log("browser")
        return found


@contextmanager
def opened() -> Iterator[Page]:
    """Open a browser with an empty page."""
    options = webdriver.ChromeOptions()
    options.binary_location = require_program("chromium", "chromium")
    for switch in SWITCHES:
        options.add_argument(switch)
    browser = webdriver.Chrome(options, Service(require_program("chromedriver", "chromium-driver")))
    try:
        yield Page(browser)
    finally:
        browser.quit()
