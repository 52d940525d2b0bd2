"""A real MLflow server for tests: SQLite, a folder of artifacts, a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

QUIET = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}
PATIENCE = 120  # seconds for a start on a busy machine


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server that can be stopped and started again, with the same store."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Return what clients connect to."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        self.process = launch(command, self.folder / "server.log")
        wait_for(f"{self.address}/health", self.process, self.folder / "server.log")

    def stop(self) -> None:
        """End it with its workers."""
        if self.process is not None:
            end(self.process)
            self.process = None


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Run a server whose store is in ``folder``."""
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def launch(command: Sequence[str], log: Path, **variables: Any) -> "subprocess.Popen[bytes]":
    """Start ``command`` in a group of its own, its words going to ``log``."""
    with log.open("ab") as file:
        return subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, **QUIET, **variables}, start_new_session=True
        )


def wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until ``url`` answers; fail with the log where the process ends, or nothing comes."""
    for _ in range(PATIENCE * 5):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer:\n{log.read_text()}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a group of processes."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
