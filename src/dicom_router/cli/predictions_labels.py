"""``dicom-router predictions labels``: what people confirmed, as a table for the import."""

from pathlib import Path

import click

from dicom_router.extras import extra


@click.command("labels")
@click.argument("site")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[private/labels-SITE.csv]")
def command(site: str, output: Path | None) -> None:
    """Write a table of the films of SITE that people labelled, for `dicom-router import --label-from`.

    So they become part of the next version of the dataset. Films that no longer lie in the inbox are counted.
    """
    with extra("train,platform"):
        from dicom_router.dataset.pseudonyms import fingerprint
        from dicom_router.monitoring.feedback.originals import originals, write_table
        from dicom_router.monitoring.feedback.taking import labels_of
        from dicom_router.monitoring.inbox import sites
        from dicom_router.monitoring.keys import pseudonyms_by_site
        from dicom_router.monitoring.log.records import opened_existing
        from dicom_router.monitoring.requesting import request
    asked = request()
    sites(asked.inbox, site)
    pseudonyms = pseudonyms_by_site(asked.key, asked.data, [site])[site]
    with opened_existing(asked.log, fingerprint(asked.key)) as log:
        labels = labels_of(log, site)
    target = output or Path(f"private/labels-{site}.csv")
    count = write_table(target, originals(asked.inbox, site, labels, pseudonyms), labels)
    click.echo(f"{count} films of {len(labels)} labelled: {target}")
    if count < len(labels):
        click.echo(f"{len(labels) - count} no longer lie in {asked.inbox}/{site}")
    click.echo(f"next: dicom-router import {asked.inbox}/{site} --label-from {target} --site {site}")
