"""A training as it happens: what ``train`` writes about each epoch goes to MLflow while the stage runs.

A thread reads ``work/train/*/history.csv``. It must never cost the training anything: a server that is not there is
tried again at the next look, and whatever is missing in the end is completed by ``record``.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from dicom_router.errors import RegistryError
from dicom_router.model.training.history import HISTORY, read_history
from dicom_router.registry.provenance import Provenance, hardware, versions
from dicom_router.registry.runs import create_run, find_run, log_curves
from dicom_router.registry.server import connected
from dicom_router.storage import write_atomically

EVERY: Final = 2.0  # seconds between two looks
PATIENCE: Final = 60.0  # seconds for the last look, when the training is over
INPUTS: Final = "train.inputs"  # the tag that names what a training learns from: the folder's name in work/train
FOLLOWED: Final = Path("work/mlflow/followed")  # holds the id of the run that followed the last training here
OF: Final = Path("work/mlflow/of")  # a file for each training here, by its inputs, with the id of its run


@contextmanager
def follow(project: Path, provenance: Provenance, every: float = EVERY) -> Iterator[None]:
    """Stream the curves of a training in ``project`` to MLflow, as long as the block runs.

    No run is opened before an epoch has ended here, so that a stage that DVC restores leaves none. Each training has
    a run of its own. One that was killed is gone on with in the run that it had, which is known from beside its
    checkpoint: a training of the same inputs elsewhere may be alive. A block that fails leaves its runs failed.
    """
    follower = _Follower(project, provenance, every)
    thread = threading.Thread(target=follower.run, name="follow", daemon=True)
    thread.start()
    try:
        yield
        follower.whole = True
    finally:
        follower.over.set()
        thread.join(PATIENCE)


def followed_run(project: Path) -> str | None:
    """Return the id of the run that followed the last training in ``project``."""
    return _read_id(project / FOLLOWED)


def _read_id(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


class _Follower:
    """Looks at the histories in ``project`` and tells MLflow what is new."""

    def __init__(self, project: Path, provenance: Provenance, every: float) -> None:
        self.project = project
        self.provenance = provenance
        self.every = every
        self.over = threading.Event()
        self.whole = False
        self.lost = False
        self.runs: dict[str, str] = {}  # ids, by the inputs of the training; the last is that of the present one
        self.monitor: SystemMetricsMonitor | None = None
        self.told = _histories(project)  # what older trainings left there is not of this one

    def run(self) -> None:
        """Look again and again until the training is over, and once more."""
        while not self.over.wait(self.every):
            self._look()
        self._look()
        self._stop_watching()
        last = next(reversed(self.runs), None)
        for inputs, run_id in self.runs.items():
            if not (self.whole and inputs == last):  # which ``record`` completes
                self._close(run_id, "FINISHED" if self.whole else "FAILED")

    def _look(self) -> None:
        for path, content in _histories(self.project).items():
            if self.told.get(path) == content:
                continue
            try:
                with connected() as client:
                    self._tell(client, path.parent.name, content)
                self.told[path], self.lost = content, False
            except RegistryError as error:
                self._say_once(error)

    def _tell(self, client: MlflowClient, inputs: str, content: bytes) -> None:
        if inputs not in self.runs:
            self._stop_watching()
            self._open(client, inputs)
        log_curves(client, self.runs[inputs], read_history(content))
        if self.lost or self.monitor is None:
            self._watch_machine(self.runs[inputs])

    def _open(self, client: MlflowClient, inputs: str) -> None:
        """Open the run of a training that begins or goes on, and note it before anything else can fail."""
        tags = {**self.provenance.tags(), **versions(), **hardware(), INPUTS: inputs, "followed": "true"}
        run = self._left_open(client, inputs) or create_run(client, f"train {inputs[:8]}", tags)
        run_id = self.runs[inputs] = run.info.run_id
        for path in (OF / inputs, FOLLOWED):
            write_atomically(self.project / path, f"{run_id}\n".encode())
        client.update_run(run_id, status="RUNNING")
        for name, value in tags.items():  # of a run that is gone on with, its latest flow and machine
            client.set_tag(run_id, name, value)

    def _left_open(self, client: MlflowClient, inputs: str) -> Run | None:
        """Return the run that this training had when it was killed."""
        run_id = _read_id(self.project / OF / inputs)
        found = find_run(client, {INPUTS: inputs, "git.commit": self.provenance.commit}, run_id) if run_id else None
        return found if found is not None and found.info.status != "FINISHED" else None

    def _watch_machine(self, run_id: str) -> None:
        """Log what the machine does; a monitor whose server was lost has ended."""
        self.monitor = SystemMetricsMonitor(run_id, resume_logging=True)
        self.monitor.start()

    def _stop_watching(self) -> None:
        if self.monitor is not None:
            self.monitor.finish()
            self.monitor = None

    def _close(self, run_id: str, status: str) -> None:
        try:
            with connected() as client:
                client.set_terminated(run_id, status=status)
        except RegistryError as error:
            self._say_once(error)

    def _say_once(self, error: RegistryError) -> None:
        if not self.lost:
            print(f"follow: {error}. The training goes on; its curves are completed later", file=sys.stderr, flush=True)
        self.lost = True


def _histories(project: Path) -> dict[Path, bytes]:
    """Return what every history of an unfinished training holds at the moment."""
    paths = (project / "work" / "train").glob(f"*/{HISTORY}")
    return {path: content for path in paths if (content := _content(path))}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the training has just ended
        return b""
