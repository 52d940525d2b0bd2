"""What holds for every file of the repository."""

import re
import subprocess

import pytest
from conftest import ROOT

# Assembled, so that this file does not hold what it forbids.
REGISTRY_HOSTS = re.compile(
    "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "registry\\.npm" + "js", "deb\\." + "debian"))
)
HOME_PATHS = re.compile("|".join(("/" + "root/", "/" + "home/[a-z]", "/" + "Users/[A-Z]")))


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("forbidden", [REGISTRY_HOSTS, HOME_PATHS], ids=["registry hosts", "paths of a machine"])
def test_no_file_names(forbidden: re.Pattern[str]) -> None:
    texts = {name: (ROOT / name).read_text(encoding="utf-8", errors="ignore") for name in tracked()}
    assert [name for name, text in texts.items() if forbidden.search(text)] == []


def test_no_file_is_over_one_megabyte() -> None:
    assert [name for name in tracked() if (ROOT / name).stat().st_size > 1_000_000] == []


def test_no_notebook_and_no_output_is_tracked() -> None:
    outputs = ("artifacts/", "reports/", "data/", "work/", "private/", ".demo/")
    assert [name for name in tracked() if name.endswith(".ipynb") or name.startswith(outputs)] == []
