"""Supervisord, started and talked to."""

import http.client
import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from typing import Any, Final

from supervisor.xmlrpc import Faults, SupervisorTransport

from dicom_router.errors import PlatformError
from dicom_router.services.programs import configuration, socket_path
from dicom_router.services.settings import Settings

PATIENCE: Final = 30  # seconds
NOBODY_LISTENS: Final = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Running:
    """One program as supervisord sees it."""

    name: str
    state: str  # RUNNING, STARTING, BACKOFF, STOPPED, EXITED, FATAL …
    pid: int  # 0 where none runs
    note: str


class Supervisor:
    """The supervisord of one state folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.socket = socket_path(settings)

    def start(self) -> None:
        """Write the configuration and start supervisord, which detaches itself.

        Raises:
            PlatformError: it does not start, or does not answer.
        """
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        path = self.settings.state / "supervisord.conf"
        path.write_text(configuration(self.settings), encoding="utf-8")
        done = subprocess.run(
            (sys.executable, "-m", "supervisor.supervisord", "--configuration", str(path)),
            cwd=self.settings.root,
            env=dict(self.settings.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PlatformError(f"supervisord does not start: {(done.stderr or done.stdout).strip()}")
        self._wait()

    def _wait(self) -> None:
        """Wait until it answers, and has written its number down by then."""
        deadline = time.monotonic() + PATIENCE
        while not self.programs():
            if time.monotonic() > deadline:
                raise PlatformError(f"supervisord does not answer; see {self.settings.logs}/supervisord.log")
            time.sleep(0.1)

    def programs(self) -> tuple[Running, ...]:
        """Return what runs; nothing where no supervisord answers."""
        try:
            rows: Any = self._call("getAllProcessInfo")
        except NOBODY_LISTENS:
            return ()
        return tuple(Running(row["name"], row["statename"], row["pid"], row["description"]) for row in rows)

    def start_program(self, name: str) -> None:
        """Start one program; nothing happens where it runs."""
        self._call("startProcess", name, False, allowed=(Faults.ALREADY_STARTED,))

    def stop_program(self, name: str) -> None:
        """Stop one program and wait for its end; nothing happens where it does not run."""
        self._call("stopProcess", name, True, allowed=(Faults.NOT_RUNNING, Faults.BAD_NAME))

    def shut_down(self) -> None:
        """Tell supervisord to stop everything and to end; nothing happens where none answers."""
        try:
            self._call("shutdown")
        except NOBODY_LISTENS:
            return

    def _call(self, method: str, *arguments: str | bool, allowed: tuple[int, ...] = ()) -> object:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            try:
                return getattr(proxy.supervisor, method)(*arguments)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode not in allowed:
                    raise
                return None
