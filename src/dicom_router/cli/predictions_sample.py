"""``dicom-router predictions sample``: the films of a night that a person is asked to look at."""

from datetime import datetime
from pathlib import Path

import click

from dicom_router.cli.rescore import DAY
from dicom_router.extras import extra


@click.command("sample")
@click.argument("site")
@click.option("--night", type=DAY, required=True, help="Films received on this day.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[private/sample-SITE-NIGHT.csv]")
def command(site: str, night: datetime, output: Path | None) -> None:
    """Write a table of the films of SITE that were drawn at random for a person to look at: path, UID, empty label.

    The table names films as the hospital does, so that they can be found: it is for its owner only, and lies in
    private/, outside Git. Fill in `label`, and hand it to `dicom-router feedback`.
    """
    with extra("train,platform"):
        from dicom_router.dataset.pseudonyms import fingerprint
        from dicom_router.monitoring.feedback.drawing import drawn
        from dicom_router.monitoring.feedback.originals import originals, write_table
        from dicom_router.monitoring.inbox import sites
        from dicom_router.monitoring.keys import pseudonyms_by_site
        from dicom_router.monitoring.log.records import opened_existing
        from dicom_router.monitoring.requesting import request
        from dicom_router.params import load_params
    asked, settings = request(), load_params().monitoring
    sites(asked.inbox, site)
    pseudonyms = pseudonyms_by_site(asked.key, asked.data, [site])[site]
    with opened_existing(asked.log, fingerprint(asked.key)) as log:
        wanted = drawn(log, site, night.date(), settings.drawn_films, settings.timezone)
    target = output or Path(f"private/sample-{site}-{night.date()}.csv")
    count = write_table(target, originals(asked.inbox, site, wanted, pseudonyms), {})
    click.echo(f"{count} films of {len(wanted)} drawn: {target}")
    if count < len(wanted):
        click.echo(f"{len(wanted) - count} no longer lie in {asked.inbox}/{site}")
