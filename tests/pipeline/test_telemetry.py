"""Nothing phones home, also where a user runs the tools without the Makefile's environment."""

import sys
import time
from collections.abc import Iterator

import pytest
from listening_proxy import SWITCHES, Proxy, listening_proxy
from small_project import Run


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Stand between this process's children and any network."""
    with listening_proxy() as server:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        for name in SWITCHES:
            monkeypatch.delenv(name, raising=False)
        yield server


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
