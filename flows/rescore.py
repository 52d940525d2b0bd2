"""Rescore: what hospitals delivered since the last run, scored by the champion, then compared with what is usual."""

from datetime import date
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dicom_router.errors import RegistryError, RouterError
from dicom_router.monitoring import requesting, rescoring
from dicom_router.monitoring.account import Account
from dicom_router.monitoring.drift.reporting import Reported, deliver, report_last_night
from dicom_router.monitoring.settings import log_address


@task(cache_policy=NO_CACHE, task_run_name="score")
def score(site: str | None, since: date | None, until: date | None, allow_synthetic: bool) -> Account:
    """Score what the champion has not seen; what is asked for holds a key, and stays in here."""
    return rescoring.rescore(requesting.request(site, since, until, allow_synthetic=allow_synthetic))


@task(cache_policy=NO_CACHE, task_run_name="report")
def report(account: Account) -> Reported:
    """Compare the night with what is usual at each site, and write its page."""
    return report_last_night(account)


@task(cache_policy=NO_CACHE, task_run_name="plot")
def plot(reported: Reported) -> None:
    """Add the night to MLflow's figures over time; without MLflow the night is reported all the same."""
    from dicom_router.registry.nights import log_night  # MLflow takes seconds

    try:
        get_run_logger().info(log_night(reported.night, reported.figures))
    except RegistryError as error:
        get_run_logger().warning(f"{error}; the figures of {reported.night} are missing in MLflow")


@task(cache_policy=NO_CACHE, task_run_name="tell")
def tell() -> None:
    """Send what people are to be told, last of all: what does not arrive is tried again by the next run."""
    for line in deliver(log_address()):
        get_run_logger().warning(f"not sent: {line}")


def show(what: Account | Reported, key: str, description: str) -> None:
    """Show on the run's page what a task came to."""
    for line in what.lines:
        get_run_logger().info(line)
    create_markdown_artifact(what.markdown, key=key, description=description)


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
        show(account, "rescoring", "What became of every film.")
        reported = report(account)
        show(reported, "drift", "Whether anything has changed.")
        plot(reported)
        tell()
    except RouterError as error:
        return Failed(message=str(error))
    return Completed(message=f"{account.summary}. {reported.verdict}")
