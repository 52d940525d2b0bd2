"""Processes of a platform, found by the mark in their environment: nothing outlives ``make down``."""

import contextlib
import fcntl
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

from dicom_router.services.settings import MARK


def marked(state: Path) -> list[psutil.Process]:
    """Return every process that descends from the platform of ``state``, but for this one and its parents."""
    ours = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    return [process for process in psutil.process_iter() if process.pid not in ours and _mark(process) == str(state)]


def supervisord_of(pid_file: Path) -> psutil.Process | None:
    """Return the process that ``pid_file`` names, None unless it is of the platform there."""
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="ascii")))
    except (OSError, ValueError, psutil.Error):
        return None
    return process if _mark(process) == str(pid_file.parent) else None


def variables_of(process: psutil.Process) -> Mapping[str, str] | None:
    """Return the environment of ``process``, None if it is gone since."""
    try:
        variables: dict[str, str] = process.environ()
    except (OSError, psutil.Error):
        return None
    return variables


@contextlib.contextmanager
def alone(state: Path, tell: Callable[[str], object]) -> Iterator[None]:
    """Let one process at a time start or stop the platform of ``state``; the others wait, and ``tell`` so."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another `make up` or `make down` is at work here; waiting for its end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def end(processes: list[psutil.Process], patience: float = 10) -> None:
    """Ask ``processes`` to end, and kill those that still run after ``patience`` seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(processes, timeout=patience)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=patience)


def listens(process: psutil.Process, port: int) -> bool:
    """Say whether ``process``, of this user, listens on ``port``."""
    try:
        found = process.net_connections("inet")
    except psutil.Error:  # gone since
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in found)


def listening(port: int) -> str | None:
    """Say who listens on ``port`` of this machine; None if nobody does."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return None
    with contextlib.suppress(psutil.AccessDenied):  # macOS shows connections to root only
        for connection in psutil.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return _describe(connection.pid)
    return _describe(None)


def _describe(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        process = psutil.Process(pid)
        return f"process {pid}, {' '.join(process.cmdline())[:120] or process.name()}"
    except psutil.Error:
        return f"process {pid}"


def _mark(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(MARK)
    except (psutil.Error, OSError):  # of another user, or gone since
        return None
    return mark
