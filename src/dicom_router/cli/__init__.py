"""The command ``dicom-router``: a command's module is imported only when it is used."""

import importlib
import sys
from collections.abc import Mapping
from typing import ClassVar, Final

import click

from dicom_router import __version__
from dicom_router.errors import RouterError
from dicom_router.extras import extra

# name: (module, help line shown by --help without importing the module)
COMMANDS: Final = {
    "sample": ("dicom_router.cli.sample", "Write the synthetic dataset."),
    "import": ("dicom_router.cli.import_", "Bring real films into data/."),
    "classify": ("dicom_router.cli.classify", "Say what body part films show."),
    "audit": ("dicom_router.cli.audit", "Set an archive's tags beside its pixels."),
    "explain": ("dicom_router.cli.explain", "Show why a film is said to show what it does."),
    "preset": ("dicom_router.cli.preset", "Set the parameters of a recipe."),
    "leaderboard": ("dicom_router.cli.leaderboard", "Train networks by recipes, and rank them."),
    "summary": ("dicom_router.cli.summary", "Print what the last pipeline run made."),
    "forget": ("dicom_router.cli.forget", "Take a patient or a film out, with every trace here."),
    "dataset": ("dicom_router.cli.dataset", "Look at the dataset and its versions."),
    "record": ("dicom_router.cli.record", "Record, register and judge what the pipeline made."),
    "champion": ("dicom_router.cli.champion", "Show which version scores, and how it came to."),
    "promote": ("dicom_router.cli.promote", "Let a version score."),
    "rescore": ("dicom_router.cli.rescore", "Score what hospitals delivered."),
    "feedback": ("dicom_router.cli.feedback", "Take in what people say that delivered films show."),
    "commission": ("dicom_router.cli.commission", "Sign off what a site is compared with."),
    "drift": ("dicom_router.cli.drift", "Report whether what is delivered has changed."),
    "predictions": ("dicom_router.cli.predictions", "Look at what was predicted of delivered films, or take it out."),
    "lineage": ("dicom_router.cli.lineage", "Show what a version was made of."),
    "reproduce": ("dicom_router.cli.reproduce", "Make a version again, and compare."),
}


class LazyGroup(click.Group):
    """A group whose subcommands stand in ``table``, as in ``COMMANDS``; each module defines ``command``."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of ``cmd_name`` and return its command.

        Raises:
            MissingExtra: the light install does not hold what the module imports.
        """
        if cmd_name not in self.table:
            return None
        with extra("train"):
            command = importlib.import_module(self.table[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, so that ``--help`` imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="dicom-router")
def group() -> None:
    """Say which body part an X-ray shows, before any AI model may read it."""


def main() -> None:
    """Run the command; a RouterError, and what the system refuses, is one message on standard error and exit code 1."""
    try:
        group.main(standalone_mode=True)
    except RouterError as error:
        click.echo(f"dicom-router: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        advice = "; name a place that exists, may be used and has room" if error.filename else ""
        click.echo(f"dicom-router: {place}{error.strerror or error}{advice}", err=True)
        sys.exit(1)
