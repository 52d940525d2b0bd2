"""A run as it is asked for: by params.yaml, the environment, and what a command or a deployment names."""

import os
from datetime import date
from pathlib import Path

from dicom_router.dataset.pseudonyms import KEY_VARIABLE
from dicom_router.monitoring import challenger
from dicom_router.monitoring.champion import REFERENCE
from dicom_router.monitoring.rescoring import Request
from dicom_router.monitoring.settings import log_address
from dicom_router.params import load_params


def request(
    site: str | None = None,
    since: date | None = None,
    until: date | None = None,
    model: str = REFERENCE,
    allow_synthetic: bool = False,
) -> Request:
    """Return the request for a run in the project's folder, this one; beside the champion the challenger answers.

    Raises:
        ParameterError: params.yaml is missing, or holds what it may not.
    """
    params = load_params()
    wanted = params.monitoring
    return Request(
        inbox=Path(wanted.inbox),
        data=Path("data"),
        log=log_address(),
        key=os.environ.get(KEY_VARIABLE, ""),
        model=model,
        site=site,
        since=since,
        until=until,
        timezone=wanted.timezone,
        days=wanted.days,
        quiet_seconds=wanted.quiet_seconds,
        jobs=wanted.jobs,
        timeout=wanted.timeout,
        allow_synthetic=allow_synthetic,
        challenger=challenger.REFERENCE if model == REFERENCE else challenger.NOBODY,
    )
