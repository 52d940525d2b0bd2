"""Nothing phones home, also where a user runs the tools without the Makefile's environment."""

import os
import socketserver
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from small_project import Run

SWITCHES = ("DO_NOT_TRACK", "DVC_NO_ANALYTICS", "GX_ANALYTICS_ENABLED", "MLFLOW_DISABLE_TELEMETRY", "CI")


class Proxy(socketserver.ThreadingTCPServer):
    """Notes every connection, serves none."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
        """Keep the first line of what was asked."""
        self.asked.append(request.recv(4096).splitlines()[0])


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Stand between this process's children and any network."""
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_address[1]}")
            monkeypatch.setenv(name.upper(), os.environ[name])
        for name in SWITCHES:
            monkeypatch.delenv(name, raising=False)
        yield server
        server.shutdown()


def test_the_proxy_would_notice(run: Run, proxy: Proxy) -> None:
    run(sys.executable, "-c", "import urllib.request as r; r.urlopen('http://telemetry.example')", fails=True)
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    "command",
    [("dvc", "status"), ("env", "PYTHONPATH=src", sys.executable, "-m", "dicom_router.stages.validate")],
    ids=["dvc", "validate with Great Expectations"],
)
def test_no_tool_phones_home(run: Run, proxy: Proxy, command: tuple[str, ...]) -> None:
    run(*command)
    time.sleep(2)  # telemetry is sent by a process of its own, after the command has ended
    assert proxy.asked == []
