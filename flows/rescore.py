"""Rescore: what hospitals delivered since the last run, scored by the champion; every night, or when asked for."""

from datetime import date
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dicom_router.errors import RouterError
from dicom_router.monitoring import requesting, rescoring
from dicom_router.monitoring.account import Account


@task(cache_policy=NO_CACHE, task_run_name="score")
def score(site: str | None, since: date | None, until: date | None, allow_synthetic: bool) -> Account:
    """Score what the champion has not seen; what is asked for holds a key, and stays in here."""
    return rescoring.rescore(requesting.request(site, since, until, allow_synthetic=allow_synthetic))


@flow(name="rescore")
def rescore(
    site: str | None = None,
    since: date | None = None,
    until: date | None = None,
    allow_synthetic_model: bool = False,
) -> State[Any]:
    """Score films in the inbox that the champion has not seen: of one `site`, received on some days, if named."""
    try:
        account = score(site, since, until, allow_synthetic_model)
    except RouterError as error:
        return Failed(message=str(error))
    for line in account.lines:
        get_run_logger().info(line)
    create_markdown_artifact(account.markdown, key="rescoring", description="What became of every film.")
    return Completed(message=account.summary)
