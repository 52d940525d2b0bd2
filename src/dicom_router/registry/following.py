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


@contextmanager
def follow(project: Path, provenance: Provenance, every: float = EVERY) -> Iterator[None]:
    """Stream the curves of a training in ``project`` to MLflow, as long as the block runs.

    No run is opened before an epoch has ended here, so that a stage that DVC restores leaves none. A run that a
    killed training of the same inputs and code left open is gone on with. A block that fails leaves its run failed.
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
    try:
        return (project / FOLLOWED).read_text(encoding="utf-8").strip()
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
        self.run_id = ""
        self.monitor: SystemMetricsMonitor | None = None
        self.told = _histories(project)  # what older trainings left there is not of this one

    def run(self) -> None:
        """Look again and again until the training is over, and once more."""
        while not self.over.wait(self.every):
            self._look()
        self._look()
        self._stop_watching()
        if self.run_id and not self.whole:
            self._close_as_failed()

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
        if not self.run_id:
            self._open(client, inputs)
        log_curves(client, self.run_id, read_history(content))
        if self.lost or self.monitor is None:
            self._watch_machine()

    def _open(self, client: MlflowClient, inputs: str) -> None:
        tags = {**self.provenance.tags(), **versions(), **hardware(), INPUTS: inputs, "followed": "true"}
        run = self._left_open(client, inputs) or create_run(client, f"train {inputs[:8]}", tags)
        client.update_run(run.info.run_id, status="RUNNING")
        for name, value in tags.items():  # of a run that is gone on with, its latest flow and machine
            client.set_tag(run.info.run_id, name, value)
        self.run_id = run.info.run_id
        write_atomically(self.project / FOLLOWED, f"{self.run_id}\n".encode())

    def _left_open(self, client: MlflowClient, inputs: str) -> Run | None:
        """Return the run that a killed training of the same inputs and code left."""
        found = find_run(client, {INPUTS: inputs, "git.commit": self.provenance.commit})
        return found if found is not None and found.info.status != "FINISHED" else None

    def _watch_machine(self) -> None:
        """Log what the machine does; a monitor whose server was lost has ended."""
        self.monitor = SystemMetricsMonitor(self.run_id, resume_logging=True)
        self.monitor.start()

    def _stop_watching(self) -> None:
        if self.monitor is not None:
            self.monitor.finish()

    def _close_as_failed(self) -> None:
        try:
            with connected() as client:
                client.set_terminated(self.run_id, status="FAILED")
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
