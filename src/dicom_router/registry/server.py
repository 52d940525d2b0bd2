"""The MLflow server: where it is, whether it answers, and how its errors reach a person."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from dicom_router.errors import RegistryError, RegistryUnreachable

MODEL: Final = "dicom-router"  # the registered model
EXPERIMENT: Final = "dicom-router"
MONITORING: Final = "dicom-router-monitoring"  # the experiment of nights
ADDRESS: Final = "MLFLOW_TRACKING_URI"  # MLflow's own variable
DEFAULT: Final = "http://127.0.0.1:5000"
PATIENCE: Final = 5.0  # seconds in which a server that lives says so
# A connection that was kept may have been closed meanwhile, and a busy server or proxy says 503: ask again, soon.
AGAIN: Final = {"max_retries": 3, "backoff_factor": 0.3, "backoff_jitter": 0.1, "raise_on_status": False}
SETTINGS: Final = {  # MLflow's own, where nobody set them
    # It tries a request eight times, over four minutes. A server that answered a moment ago deserves half a minute.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def address() -> str:
    """Return the address of the server, or of the database that takes its place."""
    return os.environ.get(ADDRESS) or DEFAULT


def check_reachable() -> None:
    """Do nothing where the MLflow server answers.

    Raises:
        RegistryUnreachable: it does not.
    """
    if not is_server():
        return
    try:
        answer = http_request(get_default_host_creds(address()), "/health", "GET", timeout=PATIENCE, **AGAIN)
    except MlflowException:
        raise _unreachable("does not answer") from None
    if answer.status_code != 200:
        raise _unreachable(f"answers with HTTP status {answer.status_code}")


@contextmanager
def connected() -> Iterator[MlflowClient]:
    """Yield a client of the server.

    Raises:
        RegistryUnreachable: the server does not answer, or no longer does.
        RegistryError: it refuses what is asked or fails, or this machine's disk does.
    """
    check_reachable()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it tells of waiting where there is nothing to wait for
    mlflow.set_tracking_uri(address())  # for what MLflow offers without a client: to log and download models
    try:
        yield MlflowClient(address())
    except (MlflowException, RequestException, SQLAlchemyError) as error:
        if isinstance(error, RestException) and error.get_http_status_code() < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RegistryError(f"MLflow at {shown()} refuses: {_first_line(error)}") from None
        check_reachable()
        raise RegistryError(
            f"MLflow at {shown()} failed: {_first_line(error)}. If this was about artifacts, check that the server's"
            " artifact folder is there, writable and not full; then run the same again"
        ) from None
    except OSError as error:  # after RequestException, which is one
        raise RegistryError(
            f"{error.filename or 'a file of this machine'}: {error.strerror or error}; see that it is there, may be"
            " used and has room, then run the same again"
        ) from None


def page(*parts: str) -> str:
    """Return the address of a page of MLflow's UI, as ``page("models", name)``; of a database, what it shows."""
    place = "/".join(parts)
    return f"{shown().rstrip('/')}/#/{place}" if is_server() else place


def is_server() -> bool:
    """Say whether a server is asked, not a database that the client opens itself."""
    return address().startswith(("http://", "https://"))


def shown() -> str:
    """Return the address without the name and password that it may hold."""
    before, mark, after = address().partition("://")
    return f"{before}{mark}{after.rpartition('@')[2]}"


def _unreachable(what: str) -> RegistryUnreachable:
    return RegistryUnreachable(
        f"the MLflow server at {shown()} {what}: start it with `make up`, or set {ADDRESS} to where it runs"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
