"""``dicom-router preset``: a recipe by name, into params.yaml."""

from pathlib import Path
from typing import Final

import click

from dicom_router.params import load_params
from dicom_router.pipeline.overriding import override
from dicom_router.pipeline.presets.reading import NAMES, preset

PARAMS: Final = Path("params.yaml")


@click.command("preset")
@click.argument("name", type=click.Choice(NAMES))
@click.option("--show", is_flag=True, help="Print it as options of `dvc exp run`, and change nothing.")
def command(name: str, show: bool) -> None:
    """Set the parameters of the recipe NAME in params.yaml; all others stay. docs/networks.md says what they are."""
    values = preset(name)
    if show:
        click.echo(" ".join(f"-S {key}={value}" for key, value in values.items()))
        return
    load_params(PARAMS)  # a file that is wrong before is told as it is
    override(PARAMS, values)
    click.echo(f"{PARAMS}: {len(values)} parameters of {', '.join(_sections(values))} are those of {name}")
    click.echo("next: dvc repro")


def _sections(values: dict[str, object]) -> list[str]:
    return sorted({key.partition(".")[0] for key in values})
