"""Where the log lies and when the night is: what is asked for without a run, and so imports next to nothing."""

import os
from typing import Final

from dicom_router.params import load_params

VARIABLE: Final = "DICOM_ROUTER_PREDICTION_LOG"  # an address as SQLAlchemy has them, which may hold a password
DEFAULT: Final = "sqlite:///private/predictions.sqlite"  # in the project's folder


def log_address() -> str:
    """Return where the prediction log lies."""
    return os.environ.get(VARIABLE) or DEFAULT


def nightly() -> dict[str, str]:
    """Return when ``rescore/nightly`` runs, for prefect.yaml, which asks for it when the deployment is applied."""
    monitoring = load_params().monitoring
    return {"cron": monitoring.cron, "timezone": monitoring.timezone}
