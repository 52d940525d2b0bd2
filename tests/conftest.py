"""Fixtures of every test, and how tests are shared out between processes."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Two processes that train at once would spin for each other's core (libgomp's default between parallel regions).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Tests of a file stay together, since they share its fixtures. These files share one run of the pipeline, but for
# those that have one of their own; a document's commands need nothing of another's.
ONE_PROJECT = "tests/pipeline"
EACH_FOR_ITSELF = "tests/pipeline/test_docs.py"
ALONE = ("tests/pipeline/test_default_network.py", "tests/pipeline/test_planted_identifiers.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes longest first, and say which tests need one process."""
    items.sort(key=lambda item: not _place(item).startswith(ONE_PROJECT))
    for item in items:
        if _place(item) != EACH_FOR_ITSELF:
            item.add_marker(pytest.mark.xdist_group(_group(_place(item))))


def _place(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT).as_posix()


def _group(place: str) -> str:
    return ONE_PROJECT if place.startswith(ONE_PROJECT) and place not in ALONE else place


@pytest.fixture(scope="session")
def real_xr() -> Path:
    """Return the folder of real radiographs beside the checkout; skip where there is none."""
    folder = ROOT.parent / "shared" / "real-xr"
    if not folder.is_dir():
        pytest.skip("needs the real radiographs in ../shared/real-xr")
    return folder
