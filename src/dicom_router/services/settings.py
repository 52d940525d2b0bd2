"""Where the platform runs: from the tools' own environment variables, and loopback where they are not set."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dicom_router.errors import PlatformError

POOLS: Final = ("gpu", "cpu")
STATE: Final = ".platform"
MARK: Final = "DICOM_ROUTER_PLATFORM"  # in the environment of every process of a platform: its state folder
AFTER_STOP: Final = "--after-stop"  # tells flows/housekeeping.py that no run of before can be alive
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

# Nothing phones home, nobody is asked anything, nobody waits for nothing.
QUIET: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_WORKER_QUERY_SECONDS": "3",  # not 10, so that a run starts soon
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
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
    environment: Mapping[str, str]  # of every process

    @property
    def servers(self) -> tuple[Server, Server]:
        """Return both servers."""
        return self.mlflow, self.prefect

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.state / "logs"


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
    return Settings(root, state, mlflow, prefect, environment)


def _defaults(state: Path) -> dict[str, str]:
    """Return what a user may set otherwise: SQLite and local folders."""
    return {
        "PREFECT_HOME": str(state / "prefect"),
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{state / 'mlflow/mlflow.db'}",
        "MLFLOW_ARTIFACTS_DESTINATION": str(state / "mlflow/artifacts"),
    }
