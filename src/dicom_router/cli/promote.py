"""``dicom-router promote``: let a version score."""

from pathlib import Path

import click

from dicom_router.extras import extra


@click.command("promote")
@click.argument("version")
@click.option("--because", required=True, metavar="TEXT", help="Why; kept for others to read.")
@click.option("--despite-gate", is_flag=True, help="Although it did not pass its gate; reports will show it in red.")
def command(version: str, because: str, despite_gate: bool) -> None:
    """Give VERSION, a number, the alias champion: whatever scores uses it from its next run on.

    Who did it is what git names here (user.name, user.email), kept as it stands. To go back, promote the earlier
    version. Setting the alias in MLflow's pages does the same, without a reason.
    """
    with extra("train,platform"):
        from dicom_router.registry.promoting import promote
        from dicom_router.registry.who import who
    by = who(Path())
    before = promote(version, because, by, despite_gate)
    click.echo(f"champion  version {version}, by {by}: {because.strip()}")
    if before:
        click.echo(f'back      dicom-router promote {before} --because "…"')
