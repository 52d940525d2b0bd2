"""``dicom-router explain``: what one film is said to show, and why."""

from pathlib import Path
from typing import Final

import click

from dicom_router.cli.classify import model_option
from dicom_router.cli.formats import printable
from dicom_router.cli.outputs import require_folder
from dicom_router.cli.red import warn
from dicom_router.errors import DataError
from dicom_router.extras import extra
from dicom_router.model.answers import Facts
from dicom_router.model.inference import Classifier
from dicom_router.model.locating import look_up

WRITERS: Final = {".html": "write_page", ".png": "write_picture"}


@click.command("explain")
@click.argument("film", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--output",
    default="explanation.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A page (.html) or a picture (.png).",
)
@model_option
@click.option("--allow-synthetic-model", is_flag=True, help="Let a model trained on synthetic images see a real film.")
@click.option(
    "--timeout", default=120.0, show_default=True, type=click.FloatRange(1), help="Seconds that reading may take."
)
def command(film: Path, output: Path, model: str, allow_synthetic_model: bool, timeout: float) -> None:
    """Explain what the film FILE is said to show.

    The page holds what the network saw, the places that the label rests on, the probabilities, the decision with its
    reasons, and what the header says: body part and age. The file's own name is on it: look before you send it on.
    docs/explaining.md says how to read it.
    """
    kind = output.suffix.lower()
    if kind not in WRITERS:
        raise DataError(f"{output} names no kind of file that is written; --output takes {' or '.join(WRITERS)}")
    require_folder(output)
    if film.is_dir():
        raise DataError(f"{film} is a folder: explain takes one film; classify and audit take folders")
    located = look_up(model)
    classifier = Classifier.load(located.folder, allow_synthetic=allow_synthetic_model)
    with extra("train"):  # imported late: Captum takes seconds
        from dicom_router.model.explaining import explain
        from dicom_router.report import explanation

    explained = explain(classifier, film, timeout)
    facts = Facts.read(located.folder)
    getattr(explanation, WRITERS[kind])(output, explained, (*filter(None, [located.warning]), *facts.gaps))
    for line in explanation.lines(explained):
        click.echo(printable(line))
    warn(located.warning)
    for warning in facts.warnings:
        click.echo(warning, err=True)
    click.echo(f"{output} shows why")
