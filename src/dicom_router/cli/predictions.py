"""``dicom-router predictions``: commands about the prediction log."""

from typing import Final

import click

from dicom_router.cli import LazyGroup

# name: (module, help line shown by --help without importing the module)
COMMANDS: Final = {
    "export": ("dicom_router.cli.predictions_export", "Write predictions as CSV or Parquet."),
    "sample": ("dicom_router.cli.predictions_sample", "Write which films of some nights a person should look at."),
    "labels": ("dicom_router.cli.predictions_labels", "Write the films that people labelled, to import them."),
    "forget": ("dicom_router.cli.predictions_forget", "Take a patient out of the log."),
}


class PredictionsGroup(LazyGroup):
    """The group of these commands."""

    table = COMMANDS


@click.group("predictions", cls=PredictionsGroup)
def command() -> None:
    """Look at what was predicted of delivered films, or take it out."""
