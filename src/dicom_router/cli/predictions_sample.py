"""``dicom-router predictions sample``: the films that a person is asked to look at."""

from datetime import date, datetime
from pathlib import Path

import click

from dicom_router.cli.rescore import DAY
from dicom_router.errors import DataError
from dicom_router.extras import extra


@click.command("sample")
@click.argument("site")
@click.option("--night", type=DAY, help="Films received on this day, monitoring.drawn_films of them.")
@click.option("--since", type=DAY, help="Instead: films received from this day on, to commission the site.")
@click.option("--until", type=DAY, help="The last day of these.")
@click.option("--films", type=click.IntRange(1), help="How many of these [monitoring.drift.reviewed_films].")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[private/sample-SITE-DAYS.csv]")
def command(
    site: str,
    night: datetime | None,
    since: datetime | None,
    until: datetime | None,
    films: int | None,
    output: Path | None,
) -> None:
    """Write a table of the films of SITE that were drawn at random for a person to look at: path, UID, empty label.

    The table names films as the hospital does, so that they can be found: it is for its owner only, and lies in
    private/, outside Git. Fill in `label`, and hand that of a night to `dicom-router feedback`, that of a window to
    `dicom-router commission`.
    """
    first, last = _days(night, since, until, films)
    with extra("train,platform"):
        from dicom_router.dataset.pseudonyms import fingerprint
        from dicom_router.monitoring.drift.reviewed import count_labels, read_rows
        from dicom_router.monitoring.feedback.drawing import drawn
        from dicom_router.monitoring.feedback.originals import originals, write_table
        from dicom_router.monitoring.inbox import sites
        from dicom_router.monitoring.keys import pseudonyms_by_site
        from dicom_router.monitoring.log.records import opened_existing
        from dicom_router.monitoring.periods import Period
        from dicom_router.monitoring.requesting import request
        from dicom_router.params import load_params
    days = first if night else f"{first}-{last}"
    target = output or Path(f"private/sample-{site}-{days}.csv")
    if target.exists() and (filled := count_labels(read_rows(target))):
        command = "feedback" if night else "commission"
        raise DataError(
            f"{target} holds {filled} labels already: hand it to `dicom-router {command}` and move it away, or name"
            " another file by --output"
        )
    asked, settings = request(), load_params().monitoring
    sites(asked.inbox, site)
    pseudonyms = pseudonyms_by_site(asked.key, asked.data, [site])[site]
    period = Period.of_days(first, last, settings.timezone)
    count = settings.drawn_films if night else films or settings.drift.reviewed_films
    with opened_existing(asked.log, fingerprint(asked.key)) as log:
        wanted = drawn(log, site, period, count)
    if not wanted:
        raise DataError(f"no film of {site} that came {_words(first, last)} has an answer: there is nothing to draw")
    rows = write_table(target, originals(asked.inbox, site, wanted, pseudonyms), {})
    click.echo(f"{rows} films of {len(wanted)} drawn: {target}")
    if rows < len(wanted):
        click.echo(f"{len(wanted) - rows} no longer lie in {asked.inbox}/{site}")


def _words(first: date, last: date) -> str:
    return f"on {first}" if first == last else f"from {first} to {last}"


def _days(
    night: datetime | None, since: datetime | None, until: datetime | None, films: int | None
) -> tuple[date, date]:
    """Return the first and the last day that are asked for.

    Raises:
        UsageError: it is neither a night nor a window, or both; or another number of a night's films, which
            `dicom-router feedback` would not know as drawn.
    """
    if night and not (since or until or films):
        return night.date(), night.date()
    if since and until and not night:
        return since.date(), until.date()
    raise click.UsageError("name a night by --night; or a window by --since and --until, and --films if need be")
