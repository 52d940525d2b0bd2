"""Whether servers answer and workers are seen by Prefect, asked over HTTP."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

from dicom_router.services.settings import Server, Settings

PATIENCE: Final = 5  # seconds


def answers(server: Server, variables: Mapping[str, str]) -> bool:
    """Say whether ``server`` calls itself healthy."""
    try:
        with urllib.request.urlopen(_request(server.health, variables), timeout=PATIENCE):
            return True
    except (OSError, urllib.error.URLError):
        return False


def worker_is_online(settings: Settings, pool: str) -> bool:
    """Say whether Prefect has heard of a worker of ``pool`` lately."""
    url = f"{settings.prefect.url}/work_pools/{pool}/workers/filter"
    request = _request(url, settings.environment, b"{}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            workers: list[dict[str, Any]] = json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return False
    return any(worker["status"] == "ONLINE" for worker in workers)


def _request(url: str, variables: Mapping[str, str], body: bytes | None = None) -> urllib.request.Request:
    """Return a request with Prefect's own credentials, where they are set and the request is Prefect's."""
    headers = {"Content-Type": "application/json"}
    secret = variables.get("PREFECT_API_AUTH_STRING")
    if secret and url.startswith(variables["PREFECT_API_URL"]):
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    return urllib.request.Request(url, body, headers)
