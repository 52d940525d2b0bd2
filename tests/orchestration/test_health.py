"""How the platform asks servers whether they are well: with credentials, and again where they are busy."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from dicom_router.services.health import answers, worker_is_online
from dicom_router.services.settings import Settings, settings

BASIC = f"Basic {base64.b64encode(b'router:SECRET').decode()}"


class Answerer(ThreadingHTTPServer):
    """Answers ``busy`` times with 503, then with ``document`` whoever has the ``expected`` credentials."""

    def __init__(self) -> None:
        self.busy, self.document, self.expected = 0, b"OK", ""
        super().__init__(("127.0.0.1", 0), Handler)

    def status(self, credentials: str) -> int:
        """Say how to answer one request."""
        self.busy -= 1
        return 503 if self.busy >= 0 else 200 if credentials == self.expected else 401


class Handler(BaseHTTPRequestHandler):
    """Answers one request as its server says."""

    server: Answerer

    def do_GET(self) -> None:
        """Answer."""
        content = self.server.document
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.server.status(self.headers.get("Authorization", "")))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Answerer]:
    with Answerer() as made:
        Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def made(root: Path, server: Answerer, name: str = "", **variables: str) -> Settings:
    address = f"http://{name}127.0.0.1:{server.server_address[1]}"
    return settings(root, {"MLFLOW_TRACKING_URI": address, "PREFECT_API_URL": f"{address}/api", **variables})


@pytest.mark.parametrize(
    ("name", "variables", "expected"),
    [
        ("", {"MLFLOW_TRACKING_USERNAME": "router", "MLFLOW_TRACKING_PASSWORD": "SECRET"}, BASIC),
        ("", {"MLFLOW_TRACKING_TOKEN": "T"}, "Bearer T"),
        ("router:SECRET@", {}, BASIC),
        ("", {"PREFECT_API_AUTH_STRING": "router:SECRET"}, ""),
    ],
    ids=["password", "token", "password in the address", "that of Prefect is not shown"],
)
def test_mlflow_is_asked_with_its_own_credentials(
    tmp_path: Path, server: Answerer, name: str, variables: dict[str, str], expected: str
) -> None:
    server.expected = expected
    asked = made(tmp_path, server, name, **variables)
    assert answers(asked.mlflow, asked.environment)
    server.expected = "another"
    assert not answers(asked.mlflow, asked.environment)


def test_prefect_is_asked_with_its_own_credentials(tmp_path: Path, server: Answerer) -> None:
    server.expected = BASIC
    asked = made(tmp_path, server, PREFECT_API_AUTH_STRING="router:SECRET", MLFLOW_TRACKING_TOKEN="T")
    assert answers(asked.prefect, asked.environment)


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, server: Answerer) -> None:
    asked = made(tmp_path, server)
    server.busy, server.document = 2, json.dumps([{"name": asked.worker("cpu")}]).encode()
    assert worker_is_online(asked, "cpu")


def test_another_machines_worker_is_not_this_ones(tmp_path: Path, server: Answerer) -> None:
    asked = made(tmp_path, server)
    server.document = json.dumps([{"name": "elsewhere-cpu-12345678"}]).encode()
    assert not worker_is_online(asked, "cpu")


def test_a_page_in_place_of_an_answer_is_none(tmp_path: Path, server: Answerer) -> None:
    server.document = b"<html>Sign in</html>"
    assert not worker_is_online(made(tmp_path, server), "cpu")
