"""Fixtures of every test, and how tests are shared out between processes."""

import os
import signal
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent

# Two processes that train at once would spin for each other's core (libgomp's default between parallel regions).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A shell starts what it runs in the background without Ctrl-C, which tests send to commands that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests of a file stay together, since they share its fixtures. These files share one run of the pipeline, but for
# those that have one of their own; a document's commands need nothing of another's.
ONE_PROJECT = "tests/pipeline"
EACH_FOR_ITSELF = "tests/pipeline/test_docs.py"
DEFAULT_PROJECT = ("tests/pipeline/test_default_network.py", "tests/pipeline/test_check_labels.py")
ALONE = "tests/pipeline/test_planted_identifiers.py"
ONE_SERVER = "tests/registry"  # whose tests share an MLflow server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes longest first."""
    items.sort(key=lambda item: not _place(item.nodeid).startswith((ONE_PROJECT, ONE_SERVER)))


class Together(LoadScopeScheduling):
    """Tests of one group in one process.

    xdist's own ``--dist=loadgroup`` puts the group into a private attribute that pytest 9.2 does not read, so that
    each process would run the pipeline anew.
    """

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test."""
        return nodeid if _place(nodeid) == EACH_FOR_ITSELF else _group(_place(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Share tests out by group."""
    return Together(config, log)


def _place(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _group(place: str) -> str:
    if place in DEFAULT_PROJECT:
        return DEFAULT_PROJECT[0]
    if place.startswith(ONE_SERVER):
        return ONE_SERVER
    return ONE_PROJECT if place.startswith(ONE_PROJECT) and place != ALONE else place


@pytest.fixture(scope="session")
def real_xr() -> Path:
    """Return the folder of real radiographs beside the checkout; skip where there is none."""
    folder = ROOT.parent / "shared" / "real-xr"
    if not folder.is_dir():
        pytest.skip("needs the real radiographs in ../shared/real-xr")
    return folder
