"""A proxy that stands between programs and any network: it notes what they ask for, and serves nothing."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Where one of these is set, some tool sends nothing: with them a test could not fail.
SWITCHES = (
    "CI",
    "DO_NOT_TRACK",
    "DVC_NO_ANALYTICS",
    "GX_ANALYTICS_ENABLED",
    "MLFLOW_DISABLE_TELEMETRY",
    "ORT_DISABLE_TELEMETRY",
    "PREFECT_SERVER_ANALYTICS_ENABLED",
    "PYTEST_CURRENT_TEST",
)


class Proxy(socketserver.ThreadingTCPServer):
    """Notes every connection, serves none."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment in which programs ask it for all but this machine."""
        address = f"http://127.0.0.1:{self.server_address[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        here = dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
        return {spelt: address for name in names for spelt in (name, name.upper())} | here

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
        """Keep the first line of what was asked."""
        self.asked.append(request.recv(4096).splitlines()[0])


@contextmanager
def listening_proxy() -> Iterator[Proxy]:
    """Run a proxy."""
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
