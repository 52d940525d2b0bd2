"""``dicom-router champion``: which version scores, and how it came to."""

from typing import TYPE_CHECKING

import click

from dicom_router.extras import extra

if TYPE_CHECKING:
    from dicom_router.registry.champion import Move


@click.command("champion")
def command() -> None:
    """Show the version that scores: its description, and the history of the alias as recorded.

    A move made in MLflow's pages leaves neither time nor name there. It is recorded when it is first seen: by this
    command, by a promotion, or by a re-scoring run.
    """
    with extra("train,platform"):
        from dicom_router.registry.champion import read_champion
    champion = read_champion()
    kind = ", trained on synthetic films" if champion.synthetic else ""
    click.echo(f"champion  version {champion.version} (model {champion.model_version}{kind})")
    click.echo(f"page      {champion.url}")
    if champion.warning:
        click.secho(f"WARNING   {champion.warning}", fg="red", bold=True)
    click.echo("history, oldest first:")
    for move in champion.history:
        click.echo(f"  {told(move)}")
    click.echo(f"\n{champion.description}")


def told(move: "Move") -> str:
    """Return a move of the alias in words."""
    what = f"version {move.version}" if move.version else "nobody"
    if move.how == "promote":
        return f"{move.at}  {what}, by {move.by}: {move.because}"
    return f"{move.at}  {what}, seen then; set in MLflow, which keeps neither time nor name"
