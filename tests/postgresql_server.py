"""A real PostgreSQL for tests: Debian's programs, a folder, a free port."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow_server import free_port
from programs import require_program

AS_POSTGRES = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()  # PostgreSQL refuses to run as root


@contextmanager
def postgresql(*databases: str) -> Iterator[int]:
    """Serve empty ``databases`` to the user ``router``, without a password; yield the port."""
    programs = _programs()
    folder, port = Path(tempfile.mkdtemp()), free_port()
    if AS_POSTGRES:
        shutil.chown(folder, "postgres")

    def call(program: str, *arguments: str) -> None:
        subprocess.run((*AS_POSTGRES, programs / program, *arguments), cwd="/", check=True, stdout=subprocess.DEVNULL)

    try:
        call("initdb", "--pgdata", f"{folder}/data", "--username", "router", "--auth", "trust", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        call("pg_ctl", "--pgdata", f"{folder}/data", "--options", options, "--log", f"{folder}/log", "--wait", "start")
        for database in databases:
            call("createdb", "--host", "127.0.0.1", "--port", str(port), "--username", "router", database)
        yield port
    finally:
        call("pg_ctl", "--pgdata", f"{folder}/data", "--mode", "immediate", "stop")
        shutil.rmtree(folder)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else Path(require_program("initdb", "postgresql")).parent
