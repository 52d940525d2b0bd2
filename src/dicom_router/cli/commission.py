"""``dicom-router commission``: let a site's own films be what its later ones are compared with."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dicom_router.cli.rescore import DAY
from dicom_router.extras import extra


@click.command("commission")
@click.argument("site")
@click.option("--since", type=DAY, required=True, help="The first night of the reference.")
@click.option("--until", type=DAY, required=True, help="The last night of it.")
@click.option(
    "--reviewed",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="A CSV of films that a person looked at: SOPInstanceUID (hashed on reading) or image, and label.",
)
@click.option("--because", required=True, metavar="TEXT", help="Why; kept for others to read.")
def command(site: str, since: datetime, until: datetime, reviewed: Path, because: str) -> None:
    """Sign off nights of SITE, from the prediction log, as what its later nights are compared with.

    Until then a site is only reported. Who signed is what git names here (user.name, user.email). A later commission
    of the same site takes the place of an earlier one for the nights that follow. docs/monitoring.md says how many
    films to review, and how to choose them.
    """
    with extra("train,platform"):
        from dicom_router.dataset.pseudonyms import fingerprint
        from dicom_router.monitoring.drift.commissioning import Signing, commission
        from dicom_router.monitoring.drift.reviewed import read_reviewed
        from dicom_router.monitoring.keys import pseudonyms_by_site
        from dicom_router.monitoring.log.records import opened
        from dicom_router.monitoring.requesting import request
        from dicom_router.params import load_params
        from dicom_router.registry.who import who
    asked, settings = request(), load_params().monitoring
    pseudonyms = pseudonyms_by_site(asked.key, asked.data, [site])[site]
    table = read_reviewed(reviewed, pseudonyms)
    signing = Signing(site, since.date(), until.date(), because.strip(), who(Path()))
    with opened(asked.log, fingerprint(asked.key)) as log:
        signed = commission(log, signing, table, settings.timezone, settings.drift, datetime.now(UTC))
    for line in signed.lines:
        click.echo(line)
