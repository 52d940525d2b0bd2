"""Where the platform runs: from the tools' own environment variables, and loopback where they are not set."""

import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from dicom_router.errors import PlatformError

POOLS: Final = ("gpu", "cpu")
STATE: Final = ".platform"
MARK: Final = "DICOM_ROUTER_PLATFORM"  # in the environment of every process of a platform: its state folder
AFTER_STOP: Final = "--after-stop"  # tells flows/housekeeping.py that no run of this machine's workers can be alive
WORKERS: Final = "DICOM_ROUTER_WORKERS"  # the pools that have a worker here; all of them unless it is set
NONE: Final = "none"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

# What a user may set, and what a platform that runs keeps.
SETTABLE: Final = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_BACKEND_STORE_URI",
    "MLFLOW_ARTIFACTS_DESTINATION",
    "PREFECT_API_URL",
    "PREFECT_SERVER_API_PORT",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
    "PREFECT_HOME",
    WORKERS,
)
# Nothing phones home, nobody is asked anything, nobody waits for nothing.
QUIET: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_WORKER_QUERY_SECONDS": "3",  # not 10, so that a run starts soon
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    # Without this MLflow's server takes 2.4 GB instead of 0.5.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # Of a flow's process; flows/housekeeping.py says what happens when they stop.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}


@dataclass(frozen=True)
class Server:
    """An address; one that is not on loopback is somebody else's, and only used."""

    name: str
    url: str  # without a slash at its end
    health: str
    variable: str

    @property
    def shown(self) -> str:
        """Return the address without the name and password that it may hold."""
        before, mark, after = self.url.partition("://")
        return f"{before}{mark}{after.rpartition('@')[2]}"

    @property
    def local(self) -> bool:
        """Say whether the platform runs it."""
        return urlsplit(self.url).hostname in LOOPBACK

    @property
    def host(self) -> str:
        """Return the address to listen on."""
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Return the port, or that of the scheme.

        Raises:
            PlatformError: it is no number below 65,536.
        """
        parts = urlsplit(self.url)
        try:
            return parts.port or {"https": 443}.get(parts.scheme, 80)
        except ValueError:
            raise PlatformError(
                f"{self.variable} is {self.url!r}: no port; for example http://127.0.0.1:5001"
            ) from None


@dataclass(frozen=True)
class Settings:
    """Everything that starting, stopping and looking after the platform needs."""

    root: Path  # of the project: holds prefect.yaml
    state: Path  # databases, logs, runs
    mlflow: Server
    prefect: Server
    clone: str  # a word that no other clone has: on other machines, folders have the same name, and machines may
    pools: tuple[str, ...]  # that have a worker here
    environment: Mapping[str, str]  # of every process

    @property
    def servers(self) -> tuple[Server, Server]:
        """Return both servers."""
        return self.mlflow, self.prefect

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.state / "logs"

    def worker(self, pool: str) -> str:
        """Return the name under which Prefect knows the worker of ``pool``: no other machine or clone has one such."""
        return f"{platform.node() or 'machine'}-{pool}-{self.clone}"

    def differing(self, wanted: "Settings", named: Mapping[str, str]) -> tuple[str, ...]:
        """Return which of the variables that are ``named`` mean something else in ``wanted``."""
        pairs = [(name, self.environment.get(name), wanted.environment.get(name)) for name in SETTABLE if name in named]
        return tuple(name for name, here, there in pairs if here != there)


def settings(root: Path, variables: Mapping[str, str]) -> Settings:
    """Return the settings of the project in ``root`` under the environment ``variables``."""
    root = root.resolve()
    state = root / STATE
    mlflow_url = variables.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000").rstrip("/")
    port = variables.get("PREFECT_SERVER_API_PORT", "4200")
    prefect_url = variables.get("PREFECT_API_URL", f"http://127.0.0.1:{port}/api").rstrip("/")
    mlflow = Server("mlflow", mlflow_url, f"{mlflow_url}/health", "MLFLOW_TRACKING_URI")
    prefect = Server("prefect", prefect_url, f"{prefect_url}/health", "PREFECT_API_URL")
    for server in (mlflow, prefect):
        if urlsplit(server.url).scheme not in ("http", "https"):
            raise PlatformError(f"{server.variable} is {server.url!r}: the address of a server is needed, http://…")
    environment = {
        **_defaults(state),
        **variables,
        **QUIET,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{variables.get('PATH', os.defpath)}",
        "MLFLOW_TRACKING_URI": mlflow_url,
        "PREFECT_API_URL": prefect_url,
        "PREFECT_SERVER_API_HOST": prefect.host,
        "PREFECT_SERVER_API_PORT": str(prefect.port),
        MARK: str(state),
    }
    pools = _pools(environment.get(WORKERS, ""))
    return Settings(root, state, mlflow, prefect, _drawn_once(state / "clone"), pools, environment)


def _drawn_once(path: Path) -> str:
    """Return the word in ``path``, which whoever asks first draws."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file, suppress(FileExistsError):
            file.write(uuid4().hex[:8])
            file.flush()
            os.link(file.name, path)
    return path.read_text(encoding="ascii")


def _pools(value: str) -> tuple[str, ...]:
    """Return the pools that ``value`` names, as ``"gpu,cpu"``; all of them where it is empty.

    Raises:
        PlatformError: it names what is no pool.
    """
    named = value.replace(",", " ").split()
    unknown = [name for name in named if name not in (*POOLS, NONE)]
    if unknown or (NONE in named and len(named) > 1):
        raise PlatformError(f"{WORKERS} is {value!r}; accepted: {', '.join(POOLS)}, several of them, or {NONE}")
    return tuple(pool for pool in POOLS if pool in named) if named else POOLS


def _defaults(state: Path) -> dict[str, str]:
    """Return what a user may set otherwise: SQLite and local folders."""
    return {
        "PREFECT_HOME": str(state / "prefect"),
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{state / 'mlflow/mlflow.db'}",
        "MLFLOW_ARTIFACTS_DESTINATION": str(state / "mlflow/artifacts"),
    }
