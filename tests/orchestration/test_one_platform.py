"""One supervisord for each clone, found from any shell: here it looks after nothing but its own guard."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dicom_router.errors import PlatformError
from dicom_router.services.platform import down, status, up
from dicom_router.services.processes import alone, end, marked
from dicom_router.services.programs import GUARD
from dicom_router.services.settings import STATE, settings
from dicom_router.services.supervision import Supervisor

# Servers elsewhere, where nobody listens, and no worker.
STARTED_WITH = {
    "MLFLOW_TRACKING_URI": "http://somebody:secret@127.0.0.2:9",
    "PREFECT_API_URL": "http://127.0.0.2:9/api",
    "DICOM_ROUTER_WORKERS": "none",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("one")
    (folder / "prefect.yaml").touch()
    Supervisor(settings(folder, {**STARTED_WITH, "TMPDIR": str(folder)})).start()
    yield folder
    down(folder, {"TMPDIR": "/nowhere", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert marked(folder / STATE) == []


def test_status_from_a_shell_with_other_variables_is_of_what_runs_and_shows_no_password(root: Path) -> None:
    lines = {line.name: line for line in status(root, {"TMPDIR": "/nowhere", "PREFECT_API_URL": "http://127.0.0.1:1"})}
    assert lines.keys() == {"mlflow", "prefect", "guard"}
    assert lines["mlflow"].where == "http://127.0.0.2:9"


def test_up_with_other_settings_is_refused_and_they_are_named(root: Path) -> None:
    with pytest.raises(PlatformError, match="runs with another PREFECT_API_URL, DICOM_ROUTER_WORKERS: `make down`"):
        up(root, {"PREFECT_API_URL": "http://127.0.0.1:1", "DICOM_ROUTER_WORKERS": "cpu"})


def test_who_comes_second_waits_and_says_so(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dicom_router.services.processes import alone\n"
        "with alone(Path(sys.argv[1]), print): print('in')"
    )
    with alone(root / STATE, print):
        command = (sys.executable, "-u", "-c", code, root / STATE)
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        assert "another `make up` or `make down` is at work" in second.stdout.readline()
    assert second.communicate(timeout=30)[0] == "in\n"


def test_supervisord_that_is_killed_comes_back_with_what_it_looks_after(root: Path) -> None:
    guard = running_guard(root)
    assert guard is not None
    psutil.Process(guard.ppid()).kill()
    deadline = time.monotonic() + 60
    while running_guard(root) in (None, guard):
        assert time.monotonic() < deadline, "nobody brings supervisord back"
        time.sleep(0.2)
    end([guard])  # which waits for the servers, as `make up` does


def running_guard(root: Path) -> psutil.Process | None:
    """Return the guard under supervisord, None where no supervisord answers or none runs."""
    rows = Supervisor(settings(root, {**STARTED_WITH, "TMPDIR": str(root)})).programs()
    return next((psutil.Process(row.pid) for row in rows if row.name == GUARD and row.pid), None)
