"""``dicom-router predictions forget``: a patient taken out of the prediction log."""

import os
from pathlib import Path
from typing import Final

import click

from dicom_router.extras import extra

REMAINS: Final = (
    "inbox/: take the films out there too, or the next champion scores them again",
    "reports of earlier nights and what was exported: small thumbnails and pseudonyms may stand there",
    "copies of the log, and a PostgreSQL server's own records until it has cleaned up (VACUUM) and let them go",
)


TABLES: Final = ("sample-*.csv", "labels-*.csv")  # that `predictions sample` and `predictions labels` wrote


@click.command("forget")
@click.argument("patient")
@click.option("--dry-run", is_flag=True, help="Say what would be removed; remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(patient: str, dry_run: bool, yes: bool) -> None:
    """Take PATIENT out of the prediction log, with all that was predicted, measured and kept of their films.

    PATIENT is a pseudonym, as `dicom-router forget` prints it, or an original PatientID; the latter needs the key of
    the pseudonyms in the environment. What is out of reach is listed.
    """
    with extra("train,platform"):
        from dicom_router.dataset.pseudonyms import KEY_VARIABLE
        from dicom_router.monitoring.erasing import erase, find_patient, opened_to_erase
        from dicom_router.monitoring.settings import log_address
    key = os.environ.get(KEY_VARIABLE, "")
    with opened_to_erase(log_address(), key) as log:
        found = find_patient(log, patient, key, Path("data"))
        click.echo(f"{found.rows:,} predictions of {found.films:,} films, of {' and '.join(sorted(found.patients))}")
        if dry_run:
            click.echo("dry run: nothing is removed")
            return
        if not yes:
            click.confirm("Remove them? It cannot be undone.", abort=True)
        erase(log, found)
    click.echo("removed. What remains:")
    tables = sorted(path for name in TABLES for path in Path("private").glob(name))
    named = [f"{path}: names films as the hospital does; remove it, or this patient's rows" for path in tables]
    for place in (*named, *REMAINS):
        click.echo(f"  {place}")
