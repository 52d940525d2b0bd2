"""``dicom-router drift``: say whether what hospitals deliver has changed, as rescore/nightly does after scoring."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from dicom_router.cli.rescore import CHAMPION, DAY
from dicom_router.errors import DataError
from dicom_router.extras import extra


@click.command("drift")
@click.option("--night", type=DAY, help="Which one [that of the last run].")
@click.option("--model", default=CHAMPION, show_default=True, help="A folder, or another version of the registry.")
def command(night: datetime | None, model: str) -> None:
    """Compare a night of the prediction log with the references of its sites, and write reports/drift/<night>/.

    Then messages are sent to the receivers in DICOM_ROUTER_ALERTS. The same night again gives the same report, and no
    message twice. docs/monitoring.md explains each signal.
    """
    with extra("train,platform"):
        from dicom_router.monitoring.drift.reporting import deliver, report
        from dicom_router.monitoring.requesting import request
        from dicom_router.params import load_params
    settings = load_params().monitoring
    day = None if night is None else night.date()
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    if day is not None and day > today:
        raise DataError(f"--night {day} has not come yet: today is {today} ({settings.timezone}, monitoring.timezone)")
    asked = request(model=model)
    for line in report(asked, settings.drift, night=day, drawn_films=settings.drawn_films).lines:
        click.echo(line)
    for line in deliver(asked.log):
        click.echo(f"not sent     {line}", err=True)
