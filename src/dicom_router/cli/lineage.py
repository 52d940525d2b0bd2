"""``dicom-router lineage``: what a version was made of."""

from collections.abc import Mapping

import click

from dicom_router.extras import extra


@click.command("lineage")
@click.argument("version")
def command(version: str) -> None:
    """Show what VERSION was made of: data, code, parameters, stages, and the runs that made it.

    VERSION is a number, or champion, or challenger.
    """
    with extra("train,platform"):
        from dicom_router.registry.lineage import read_lineage
    lineage = read_lineage(version)
    click.echo(f"version   {lineage.version}{' (synthetic films)' if lineage.synthetic else ''}")
    click.echo(f"data      {lineage.data}")
    click.echo(f"commit    {lineage.commit}{' with uncommitted changes' if lineage.dirty else ''}")
    click.echo(f"run       {lineage.run_url}")
    click.echo(f"flow      {lineage.flow_run_url or lineage.flow_run_id or 'none: recorded by hand'}")
    click.echo(f"lock      {lineage.lock}")
    for title, pairs in (("stages", lineage.stages), ("params", lineage.params), ("versions", lineage.versions)):
        _show(title, pairs)
    _show("hardware", lineage.hardware)


def _show(title: str, pairs: Mapping[str, str]) -> None:
    click.echo(f"{title}:")
    for name, value in sorted(pairs.items()):
        click.echo(f"  {name:<40} {value}")
