"""``dicom-router predictions export``: the prediction log as a table."""

import sys
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path

import click

from dicom_router.cli.outputs import require_folder
from dicom_router.cli.rescore import DAY
from dicom_router.extras import extra
from dicom_router.storage import atomically


@click.command("export")
@click.option("--site", help="Only films of this site.")
@click.option("--model", help="Only answers of this version of the model, as the column `model` names it.")
@click.option("--since", type=DAY, help="Only films received from this day on.")
@click.option("--until", type=DAY, help="Only films received until this day, which is included.")
@click.option("--format", "form", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--features", is_flag=True, help="With what the network saw in each film; Parquet only.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, whole or not.")
def command(
    site: str | None,
    model: str | None,
    since: datetime | None,
    until: datetime | None,
    form: str,
    features: bool,
    output: Path | None,
) -> None:
    """Write a row for each film and version of the model, the oldest first: pseudonyms, facts, answers, quality.

    docs/monitoring.md lists the columns. Memory does not grow with the number of rows.
    """
    if form == "parquet" and output is None:
        raise click.UsageError("--format parquet needs --output FILE: it is not for a terminal or a pipe")
    if features and form != "parquet":
        raise click.UsageError("--features are bytes, which a table of text does not hold: add --format parquet")
    if output is not None:
        require_folder(output)
    with extra("train,platform"):
        from dicom_router.monitoring.exporting import Filter, export_csv, export_parquet
        from dicom_router.monitoring.log.records import opened_to_read
        from dicom_router.monitoring.periods import Period
        from dicom_router.monitoring.settings import log_address
        from dicom_router.params import load_params
    period = None
    if since is not None or until is not None:
        first = date.min if since is None else since.date()
        period = Period.of_days(first, None if until is None else until.date(), load_params().monitoring.timezone)
    wanted = Filter(site, model, period)
    with opened_to_read(log_address()) as log, atomically(output) if output else nullcontext(sys.stdout.buffer) as file:
        if form == "parquet":
            count = export_parquet(log, wanted, file, features=features)
        else:
            count = export_csv(log, wanted, file)
    click.echo(f"{count:,} rows", err=True)
