"""What runs, as a table, and its configuration for supervisord."""

import hashlib
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_router.services.settings import Settings

GUARD: Final = "guard"
SERVICES: Final = (sys.executable, "-m", "dicom_router.services")
PID_FILE: Final = "supervisord.pid"
LOG_BYTES: Final = 5_000_000

HEAD: Final = """\
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
directory={root}
logfile={logs}/supervisord.log
logfile_maxbytes={bytes}
logfile_backups=1
pidfile={state}/{pid_file}
childlogdir={logs}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket}
"""
PROGRAM: Final = """
[program:{name}]
command={command}
autostart={autostart}
autorestart=true
startretries=1000000
startsecs=2
stopasgroup=true
killasgroup=true
stopwaitsecs=10
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes={bytes}
stdout_logfile_backups=1
"""


@dataclass(frozen=True)
class Program:
    """A process that is started again whenever it ends."""

    name: str
    command: tuple[str, ...]
    autostart: bool  # False: started once the server is prepared


def programs(settings: Settings) -> tuple[Program, ...]:
    """Return what the platform runs here: a server whose address is elsewhere is not started.

    Databases and folders stand in the environment, not here: an address may hold a password.
    """
    mlflow, prefect = settings.servers
    servers = (
        (mlflow, Program("mlflow", (*SERVICES, "mlflow"), True)),
        (prefect, Program("prefect", ("prefect", "server", "start"), True)),
    )
    start = ("prefect", "worker", "start", "--type", "process")
    workers = [
        Program(f"worker-{pool}", (*start, "--pool", pool, "--name", settings.worker(pool)), False)
        for pool in settings.pools
    ]
    guard = Program(GUARD, (*SERVICES, GUARD), True)
    return (*(program for server, program in servers if server.local), *workers, guard)


def configuration(settings: Settings) -> str:
    """Return the configuration of supervisord."""
    places = {
        "root": settings.root,
        "state": settings.state,
        "logs": settings.logs,
        "socket": socket_path(settings),
        "pid_file": PID_FILE,
        "bytes": LOG_BYTES,
    }
    words = {name: str(value).replace("%", "%%") for name, value in places.items()}
    sections = [
        PROGRAM.format(
            name=program.name,
            command=shlex.join(program.command).replace("%", "%%"),
            autostart=str(program.autostart).lower(),
            **words,
        )
        for program in programs(settings)
    ]
    return HEAD.format(**words) + "".join(sections)


def socket_path(settings: Settings) -> Path:
    """Return where supervisord listens: not in ``state``, since a socket's path may have 107 characters at most.

    Of the platform's own ``TMPDIR``, which may be another than that of the shell that asks.
    """
    folder = Path(settings.environment.get("TMPDIR") or "/tmp")
    return folder / f"dicom-router-{hashlib.sha256(os.fsencode(settings.state)).hexdigest()[:16]}.sock"
