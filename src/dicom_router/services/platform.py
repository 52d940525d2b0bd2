"""Up, down, status: what ``make up``, ``make down`` and ``make status`` do.

A platform that runs keeps the settings with which it was started, whatever the variables of the shell that asks.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from dicom_router.errors import PlatformError
from dicom_router.services.health import answers, worker_is_online
from dicom_router.services.processes import alone, end, listening, listens, marked, supervisord_of, variables_of
from dicom_router.services.programs import PID_FILE, programs
from dicom_router.services.settings import AFTER_STOP, Server, Settings, settings
from dicom_router.services.supervision import Supervisor

PATIENCE: Final = 300  # seconds until a server must answer
HOUSEKEEPING: Final = (sys.executable, "-m", "flows.housekeeping")
DEPLOY: Final = ("prefect", "--no-prompt", "deploy", "--all")

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Line:
    """What ``status`` says of one part."""

    name: str
    healthy: bool
    where: str
    note: str


def up(root: Path, variables: Mapping[str, str], tell: Tell = print) -> Settings:
    """Start what does not run, and bring pools, automations and deployments up to date; return the settings.

    Raises:
        PlatformError: a port is taken, something does not start, or the platform runs with other settings.
    """
    wanted = settings(root, variables)
    with alone(wanted.state, tell):
        present = _present(wanted)
        other = present.differing(wanted, variables)
        if other:
            raise PlatformError(f"the platform runs with another {', '.join(other)}: `make down` first, or unset that")
        _up(present)
    return present


def down(root: Path, variables: Mapping[str, str], tell: Tell = print) -> None:
    """End every process of the platform: first workers and their runs, so that the server hears how they ended."""
    wanted = settings(root, variables)
    with alone(wanted.state, tell):
        _down(_present(wanted))


def status(root: Path, variables: Mapping[str, str]) -> tuple[Line, ...]:
    """Say of each server and worker whether it runs and answers; nothing where the platform is not up."""
    present = _present(settings(root, variables))
    running = {program.name: program for program in Supervisor(present).programs()}
    if not running:
        return ()
    urls = {server.name: server.shown for server in present.servers}
    lines = [
        Line(server.name, answers(server, present.environment), server.shown, "not run here")
        for server in present.servers
        if not server.local
    ]
    for program in programs(present):
        seen = running.get(program.name)
        well = seen is not None and seen.state == "RUNNING" and _is_well(present, program.name)
        note = f"{seen.state.lower()}, {seen.note}" if seen else "unknown"
        lines.append(Line(program.name, well, urls.get(program.name, ""), note))
    return tuple(lines)


def guard(root: Path, variables: Mapping[str, str]) -> None:
    """Wait until supervisord is gone, which takes this process with it unless it was killed; then bring it back."""
    supervisord = supervisord_of(settings(root, variables).state / PID_FILE)
    if supervisord is not None:  # it may be gone before anybody could look
        supervisord.wait()
    up(root, variables)


def serve_mlflow(root: Path, variables: Mapping[str, str]) -> None:
    """Become MLflow's server, when the child of one that was killed, which goes on serving unseen, has ended."""
    here = settings(root, variables)
    end([process for process in marked(here.state) if listens(process, here.mlflow.port)])
    listen = ("--host", here.mlflow.host, "--port", str(here.mlflow.port), "--workers", "1")
    os.execvpe("mlflow", ("mlflow", "server", *listen), dict(here.environment))


def _present(wanted: Settings) -> Settings:
    """Return the settings of the platform that runs, which are those of supervisord; else those that are wanted."""
    supervisord = supervisord_of(wanted.state / PID_FILE)
    variables = None if supervisord is None else variables_of(supervisord)
    return wanted if variables is None else settings(wanted.root, variables)


def _up(settings: Settings) -> None:
    supervisor = Supervisor(settings)
    fresh = not supervisor.programs()
    if fresh:
        end(marked(settings.state))
        for server in settings.servers:
            _refuse_taken(server)
        supervisor.start()
    _wait_for(settings, settings.prefect)
    _run(settings, (*HOUSEKEEPING, AFTER_STOP) if fresh else HOUSEKEEPING)
    for pool in settings.pools:
        supervisor.start_program(f"worker-{pool}")
    _run(settings, DEPLOY)
    _wait_for(settings, settings.mlflow)
    _wait_for_workers(settings)


def _down(settings: Settings) -> None:
    supervisor = Supervisor(settings)
    running = supervisor.programs()
    for program in running:
        if program.name.startswith("worker-"):
            supervisor.stop_program(program.name)
    if running:
        supervisor.shut_down()
        psutil.wait_procs(marked(settings.state), timeout=25)
    end(marked(settings.state))
    supervisor.socket.unlink(missing_ok=True)


def _is_well(settings: Settings, name: str) -> bool:
    for server in settings.servers:
        if server.name == name:
            return answers(server, settings.environment)
    pool = name.removeprefix("worker-")
    return pool == name or worker_is_online(settings, pool)


def _refuse_taken(server: Server) -> None:
    holder = listening(server.port) if server.local else None
    if holder is not None:
        other = server.url.replace(str(server.port), str(server.port + 1), 1)
        raise PlatformError(
            f"port {server.port}, for {server.name}, is taken by {holder}; "
            f"end that, or choose another address: {server.variable}={other}"
        )


def _wait_for(settings: Settings, server: Server) -> None:
    """Wait until ``server`` answers.

    Raises:
        PlatformError: it does not within ``PATIENCE``.
    """
    if not _within(PATIENCE, lambda: answers(server, settings.environment)):
        log = f"; see {settings.logs / server.name}.log" if server.local else ""
        raise PlatformError(f"{server.name} does not answer at {server.shown} after {PATIENCE} s{log}")


def _wait_for_workers(settings: Settings) -> None:
    """Wait until Prefect knows every worker.

    Raises:
        PlatformError: it does not within ``PATIENCE``.
    """
    for pool in settings.pools:
        if not _within(PATIENCE, lambda pool=pool: worker_is_online(settings, pool)):  # type: ignore[misc]
            raise PlatformError(f"no worker of pool {pool} came up; see {settings.logs}/worker-{pool}.log")


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


def _run(settings: Settings, command: tuple[str, ...]) -> None:
    """Run a command of Prefect in the project.

    Raises:
        PlatformError: it fails; the message ends with what it said.
    """
    done = subprocess.run(
        command,
        cwd=settings.root,
        env=dict(settings.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise PlatformError(f"`{' '.join(command[-2:])}` failed:\n{said}")
