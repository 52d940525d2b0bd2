"""``dicom-router feedback``: what people say that delivered films show, into the prediction log."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dicom_router.cli.rescore import DAY
from dicom_router.errors import DataError
from dicom_router.extras import extra


@click.command("feedback")
@click.argument("table", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--site", help="Whose films these are; needed for AccessionNumber where sites share numbers.")
@click.option("--since", type=DAY, help="The first night that the performance is told of [monitoring.days ago].")
@click.option("--until", type=DAY, help="The last night of it.")
def command(table: Path, site: str | None, since: datetime | None, until: datetime | None) -> None:
    """Take in the labels of TABLE, a CSV with `label` and SOPInstanceUID, AccessionNumber or image.

    Identifiers are hashed on reading, under the key of the pseudonyms. A later label of a film takes the place of an
    earlier one; rows without a label are passed over. Then it is told how good the model was, by site, from films that
    were drawn at random (`dicom-router predictions sample`). docs/monitoring.md says what that can and cannot show.
    """
    with extra("train,platform"):
        from dicom_router.dataset.pseudonyms import Pseudonyms, fingerprint
        from dicom_router.evaluation.bootstrap import Bootstrap
        from dicom_router.labels import CLASSES
        from dicom_router.monitoring.drift.reviewed import KEYS_OF_STUDIES, read_reviewed
        from dicom_router.monitoring.feedback.paired import paired
        from dicom_router.monitoring.feedback.performance import performance, sites_with_labels
        from dicom_router.monitoring.feedback.taking import take
        from dicom_router.monitoring.log.records import opened_existing
        from dicom_router.monitoring.periods import Period
        from dicom_router.monitoring.requesting import request
        from dicom_router.params import load_params
    params, asked, now = load_params(), request(), datetime.now(UTC)
    settings = params.monitoring
    reviewed = read_reviewed(table, Pseudonyms(asked.key), KEYS_OF_STUDIES)
    first, last = (None if day is None else day.date() for day in (since, until))
    until_words = "" if last is None else f" until {last}"
    period = Period.asked(first, last, settings.timezone, now, settings.days)
    with opened_existing(asked.log, fingerprint(asked.key)) as log:
        taken = take(log, reviewed, site, settings.drawn_films, settings.timezone, now)
        for line in taken.lines:
            click.echo(line)
        if reviewed.empty:
            click.echo(f"{reviewed.empty:>8,} rows of {table} have no label yet: fill in one of {', '.join(CLASSES)}")
        if taken.nothing:
            whose = f" among those of site {site}" if site else ""
            raise DataError(
                f"{table}: no label was taken; {len(reviewed.labels):,} of its films were looked for{whose}"
            )
        bootstrap = Bootstrap.from_params(params.evaluate)
        model, challenger = log.last_models()
        for each in sites_with_labels(log) if model else ():
            click.echo(f"\n{each}, model {model}, from {period.start.date()} on{until_words}")
            for line in performance(log, each, model, period, settings.timezone, bootstrap).lines:
                click.echo(f"  {line}")
            if challenger:
                both = paired(log, model, challenger, period, settings.timezone, bootstrap, each)
                for line in both.sentences:
                    click.echo(f"  {line}")
