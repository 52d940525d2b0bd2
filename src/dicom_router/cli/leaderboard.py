"""``dicom-router leaderboard``: networks times recipes times seeds, ranked."""

from pathlib import Path
from typing import Any, Final

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dicom_router.errors import MissingExtra, RegistryUnreachable
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.extras import extra
from dicom_router.leaderboard.contest import WORK, Contest, compete
from dicom_router.leaderboard.plan import RECIPES, chosen_networks, chosen_recipes, params_of, plan
from dicom_router.params import load_params
from dicom_router.report.leaderboard import write_leaderboard
from dicom_router.storage import write_json

PARAMS: Final = Path("params.yaml")
PAGE: Final = Path("reports/leaderboard.html")
MARKDOWN: Final = Path("reports/leaderboard.md")
DOCUMENT: Final = Path("reports/leaderboard.json")


@click.command("leaderboard")
@click.option("--networks", default="all", show_default=True, help="timm names, or paper, modern, all; with commas.")
@click.option("--recipes", default="paper,default", show_default=True, help=f"Of {', '.join(RECIPES)}; with commas.")
@click.option("--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Trainings of each.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE",
              help="Another value of params.yaml, on top of every recipe; may be repeated.")  # fmt: skip
@click.option("--mlflow/--no-mlflow", "record", default=None, help="Record in MLflow  [if a server answers].")
def command(networks: str, recipes: str, seeds: int, changes: tuple[str, ...], record: bool | None) -> None:
    """Train every network by every recipe with every seed, and rank them.

    All share one dataset and split, those that the pipeline made here (`dvc repro split`). A training that an earlier
    call finished is not repeated, a killed one goes on. docs/networks.md says how to read what comes out.
    """
    base, values = load_params(PARAMS), dict(_change(text) for text in changes)
    params = {name: params_of(name, PARAMS, values, WORK / "params") for name in chosen_recipes(recipes)}
    contest = compete(plan(chosen_networks(networks), params, seeds), base, click.echo)
    document = contest.document(Bootstrap.from_params(base.evaluate))
    write_json(DOCUMENT, document)
    write_leaderboard(PAGE, MARKDOWN, document)
    click.echo(f"page      {PAGE}\nmarkdown  {MARKDOWN}\nfigures   {DOCUMENT}")
    if record is not False:
        _record(contest, required=record is True)


def _change(text: str) -> tuple[str, Any]:
    """Read ``train.epochs=5``."""
    key, found, value = text.partition("=")
    try:
        if found and key:
            return key, YAML(typ="safe", pure=True).load(value)
    except YAMLError:
        pass
    raise click.BadParameter(f"{text!r} is not KEY=VALUE, such as train.epochs=5", param_hint="--set")


def _record(contest: Contest, required: bool) -> None:
    """Record in MLflow; where that is not required, a server or an install that is not there is told and no more."""
    try:
        with extra("train,platform"):
            from dicom_router.leaderboard.recording import record
        click.echo(f"MLflow    {record(contest.finished, contest.synthetic, [DOCUMENT, PAGE, MARKDOWN])}")
    except (RegistryUnreachable, MissingExtra) as error:
        if required:
            raise
        click.echo(f"MLflow    not recorded: {error}")
