"""Up, down, status: what ``make up``, ``make down`` and ``make status`` do."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil

from dicom_router.errors import PlatformError
from dicom_router.services.health import answers, worker_is_online
from dicom_router.services.processes import end, listening, marked
from dicom_router.services.programs import programs
from dicom_router.services.settings import AFTER_STOP, POOLS, Server, Settings
from dicom_router.services.supervision import Supervisor

PATIENCE: Final = 300  # seconds until a server must answer
HOUSEKEEPING: Final = (sys.executable, "-m", "flows.housekeeping")
DEPLOY: Final = ("prefect", "--no-prompt", "deploy", "--all")


@dataclass(frozen=True)
class Line:
    """What ``status`` says of one part."""

    name: str
    healthy: bool
    where: str
    note: str


def up(settings: Settings) -> None:
    """Start what does not run, and bring pools, automations and deployments up to date.

    Raises:
        PlatformError: a port is taken, or something does not start.
    """
    supervisor = Supervisor(settings)
    fresh = not supervisor.programs()
    if fresh:
        end(marked(settings.state))
        for server in settings.servers:
            _refuse_taken(server)
        supervisor.start()
    _wait_for(settings, settings.prefect)
    stopped = fresh and settings.prefect.local  # elsewhere, other machines' runs may well be alive
    _run(settings, (*HOUSEKEEPING, AFTER_STOP) if stopped else HOUSEKEEPING)
    for pool in POOLS:
        supervisor.start_program(f"worker-{pool}")
    _run(settings, DEPLOY)
    _wait_for(settings, settings.mlflow)
    _wait_for_workers(settings)


def down(settings: Settings) -> None:
    """End every process of the platform: first workers and their runs, so that the server hears how they ended."""
    supervisor = Supervisor(settings)
    for running in supervisor.programs():
        if running.name.startswith("worker-"):
            supervisor.stop_program(running.name)
    supervisor.shut_down()
    psutil.wait_procs(marked(settings.state), timeout=25)
    end(marked(settings.state))
    supervisor.socket.unlink(missing_ok=True)


def status(settings: Settings) -> tuple[Line, ...]:
    """Say of each server and worker whether it runs and answers; nothing where the platform is not up."""
    running = {program.name: program for program in Supervisor(settings).programs()}
    if not running:
        return ()
    urls = {"mlflow": settings.mlflow, "prefect": settings.prefect}
    lines = [
        Line(server.name, answers(server, settings.environment), server.url, "not run here")
        for server in settings.servers
        if not server.local
    ]
    for program in programs(settings):
        seen = running.get(program.name)
        well = seen is not None and seen.state == "RUNNING" and _is_well(settings, program.name)
        where = urls[program.name].url if program.name in urls else ""
        lines.append(Line(program.name, well, where, f"{seen.state.lower()}, {seen.note}" if seen else "unknown"))
    return tuple(lines)


def guard(settings: Settings) -> None:
    """Wait until supervisord is gone, which takes this process with it unless it was killed; then bring it back."""
    supervisord = psutil.Process().parent()
    if supervisord is not None:
        supervisord.wait()
    up(settings)


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
        raise PlatformError(f"{server.name} does not answer at {server.url} after {PATIENCE} s{log}")


def _wait_for_workers(settings: Settings) -> None:
    """Wait until Prefect knows every worker.

    Raises:
        PlatformError: it does not within ``PATIENCE``.
    """
    for pool in POOLS:
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
