"""``dicom-router classify``: what films show, from a model folder or a registry."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import BinaryIO, Final

import click

from dicom_router.cli.formats import FORMATS, by_ending
from dicom_router.cli.outputs import require_folder
from dicom_router.cli.red import warn
from dicom_router.errors import DataError
from dicom_router.finding import find, listed
from dicom_router.model.answers import Facts
from dicom_router.model.device import DEVICES, Device
from dicom_router.model.in_cells import TIMEOUT, Loading, classify_in_cells
from dicom_router.model.locating import look_up
from dicom_router.storage import atomically
from dicom_router.walking import Found

SOME_UNREADABLE: Final = 3
LIST: Final = Path("-")

model_option = click.option(
    "--model",
    default="artifacts/model",
    show_default=True,
    help="A folder, or of a registry models:/dicom-router@champion or models:/dicom-router/3.",
)


@click.command("classify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@model_option
@click.option("--allow-synthetic-model", is_flag=True, help="Let a model trained on synthetic images see real films.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), help="[by --output's ending, else table]")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, whole or not.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(0), help="Processes; 0: one for each core."
)
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1), help="Of the network, in each process."
)
@click.option("--device", default="auto", show_default=True, type=click.Choice(DEVICES), help="Where the network runs.")
@click.option(
    "--timeout", default=TIMEOUT, show_default=True, type=click.FloatRange(1), help="Seconds that one film may take."
)
@click.option("-0", "--null", is_flag=True, help="The list on standard input has a NUL after each path.")
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[Path, ...],
    model: str,
    allow_synthetic_model: bool,
    form: str | None,
    output: Path | None,
    workers: int,
    threads: int,
    device: Device,
    timeout: float,
    null: bool,
) -> None:
    """Say which body part the films at PATHS show: DICOM, PNG or JPEG files, folders and archives of them.

    With - the paths are read from standard input, one a line. One row per file, in order; a file that cannot be read is
    a row with its reason. `route` means that the label may be acted on, `review` that a person must look: `unsure` and
    `outlier` say why (docs/classifying.md, docs/certainty.md). The output itself is no film.

    Exit code: 0 every file got an answer; 3 at least one could not be read;
    1 the model or its use is wrong; 2 the command line is wrong.
    """
    form = form or by_ending(output)
    if output is not None:
        require_folder(output)
    elif form == "parquet":
        raise click.UsageError("--format parquet needs --output FILE: it is not for a terminal or a pipe")
    located = look_up(model)
    facts = Facts.read(located.folder)
    loading = Loading(located.folder, allow_synthetic_model, threads, device)
    sources = _sources(paths, null, () if output is None else (output,))
    results = classify_in_cells(loading, sources, workers=workers, timeout=timeout, facts=facts)
    seen = unreadable = 0
    with _target(output) as file, closing(results):
        for result in FORMATS[form](results, file):
            seen += 1
            unreadable += result.reason is not None
        if not seen:
            raise DataError(f"no file lies below {', '.join(map(str, paths))}")
    warn(located.warning)
    for warning in facts.warnings:
        click.echo(warning, err=True)
    if unreadable:
        click.echo(f"{unreadable} file(s) could not be read", err=True)
        context.exit(SOME_UNREADABLE)


def _sources(paths: Iterable[Path], null: bool, outputs: Iterable[Path]) -> Iterator[Found]:
    """Yield what is to be classified, in the order in which it was named; the ``outputs`` are not."""
    for path in paths:
        named = listed(sys.stdin.buffer, b"\0" if null else b"\n") if path == LIST else (path,)
        yield from find(named, outputs)


def _target(output: Path | None) -> AbstractContextManager[BinaryIO]:
    if output is not None:
        return atomically(output)
    return nullcontext(sys.stdout.buffer)
