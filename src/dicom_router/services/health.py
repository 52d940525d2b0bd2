"""Whether servers answer and this machine's workers are seen by Prefect, asked over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.util import Retry

from dicom_router.services.settings import Server, Settings

PATIENCE: Final = 5  # seconds
# Prefect on SQLite answers 503 while its database is locked; Prefect's own client asks again, too.
AGAIN: Final = Retry(4, connect=0, read=0, status_forcelist=(429, 502, 503), allowed_methods=None, backoff_factor=0.3)


@dataclass(frozen=True)
class Access:
    """The tools' own variables for a server that asks who is there."""

    password: tuple[str, ...]  # whose values make "name:password"
    token: str
    certificates: str


ACCESS: Final = {
    "mlflow": Access(
        ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"),
        "MLFLOW_TRACKING_TOKEN",
        "MLFLOW_TRACKING_SERVER_CERT_PATH",
    ),
    "prefect": Access(("PREFECT_API_AUTH_STRING",), "PREFECT_API_KEY", "PREFECT_API_SSL_CERT_FILE"),
}


def answers(server: Server, variables: Mapping[str, str]) -> bool:
    """Say whether ``server`` calls itself healthy."""
    return _ask(server, server.health, variables, "GET") is not None


def worker_is_online(settings: Settings, pool: str) -> bool:
    """Say whether Prefect has heard of this machine's worker of ``pool`` lately."""
    url = f"{settings.prefect.url}/work_pools/{pool}/workers/filter"
    online = {"workers": {"status": {"any_": ["ONLINE"]}}}
    answer = _ask(settings.prefect, url, settings.environment, "POST", online)
    try:
        return answer is not None and settings.worker(pool) in [worker["name"] for worker in answer.json()]
    except requests.JSONDecodeError:  # a proxy's page
        return False


def _ask(
    server: Server, url: str, variables: Mapping[str, str], method: str, document: Mapping[str, Any] | None = None
) -> requests.Response | None:
    """Return the answer; None where there is none, or no good one."""
    access = ACCESS[server.name]
    token = variables.get(access.token)
    with requests.Session() as session:
        session.mount(url, HTTPAdapter(max_retries=AGAIN))
        session.headers.update({"Authorization": f"Bearer {token}"} if token else {})
        session.auth = _password(access, variables)
        session.verify = variables.get(access.certificates) or variables.get("REQUESTS_CA_BUNDLE") or True
        try:
            answer = session.request(method, url, json=document, timeout=PATIENCE)
        except requests.RequestException:
            return None
    return answer if answer.ok else None


def _password(access: Access, variables: Mapping[str, str]) -> HTTPBasicAuth | None:
    """Return name and password; None where they are not set, so that those in the address count."""
    name, _, password = ":".join(variables.get(name, "") for name in access.password).partition(":")
    return HTTPBasicAuth(name.encode(), password.encode()) if name and password else None
