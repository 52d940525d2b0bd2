"""``dicom-router rescore``: score what was delivered, as rescore/nightly does, without Prefect."""

import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import click
from tqdm import tqdm

from dicom_router.extras import extra

if TYPE_CHECKING:
    from dicom_router.monitoring.outcomes import Pair

INTERRUPTED: Final = 130  # as shells say of Ctrl-C
CHAMPION: Final = "models:/dicom-router@champion"

DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.command("rescore")
@click.option("--site", help="Only this site's folder of the inbox.")
@click.option("--since", type=DAY, help="Score anew what was received from this day on [monitoring.days ago].")
@click.option("--until", type=DAY, help="And until this day, which is included.")
@click.option("--model", default=CHAMPION, show_default=True, help="A folder, or another version of the registry.")
@click.option("--allow-synthetic-model", is_flag=True, help="Let a model trained on synthetic images see real films.")
def command(
    site: str | None, since: datetime | None, until: datetime | None, model: str, allow_synthetic_model: bool
) -> None:
    """Score the films in the inbox that the champion has not seen, and add them to the prediction log.

    Each film is scored once for each version of the model; the same again adds nothing, and after an interruption it
    goes on. Nothing in the inbox is changed. docs/monitoring.md says where films go and what is kept of them.
    """
    with extra("train,platform"):
        from dicom_router.monitoring.requesting import request
        from dicom_router.monitoring.rescoring import rescore
    try:
        account = rescore(request(site, _day(since), _day(until), model, allow_synthetic_model), _progress)
    except KeyboardInterrupt:
        click.echo("interrupted: what was scored is kept; run the same again, and it goes on", err=True)
        sys.exit(INTERRUPTED)
    for line in account.lines:
        click.echo(line)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _progress(films: "Iterable[Pair]") -> "Iterator[Pair]":
    """Show on a terminal how many films were scored."""
    yield from tqdm(films, unit=" films", desc="rescore", disable=None, leave=False)
