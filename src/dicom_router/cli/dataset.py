"""``dicom-router dataset``: commands about the dataset as a whole."""

from typing import Final

import click

from dicom_router.cli import LazyGroup

# name: (module, help line shown by --help without importing the module)
COMMANDS: Final = {
    "diff": ("dicom_router.cli.dataset_diff", "Say what changed since another version."),
    "check-labels": ("dicom_router.cli.check_labels", "Find labels that are likely wrong."),
}


class DatasetGroup(LazyGroup):
    """The group of these commands."""

    table = COMMANDS


@click.group("dataset", cls=DatasetGroup)
def command() -> None:
    """Look at the dataset in data/ and at its versions."""
