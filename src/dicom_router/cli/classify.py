"""``dicom-router classify``: what films show, from a model folder."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.model.inference import Classifier, Result
from dicom_router.walking import walk

SOME_UNREADABLE: Final = 3


@click.command("classify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", default="artifacts/model", show_default=True, type=click.Path(path_type=Path))
@click.option("--allow-synthetic-model", is_flag=True, help="Let a model trained on synthetic images see real films.")
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table", show_default=True)
@click.pass_context
def command(
    context: click.Context, paths: tuple[Path, ...], model: Path, allow_synthetic_model: bool, form: str
) -> None:
    """Say which body part the films at PATHS show: DICOM, PNG or JPEG files, and folders of them.

    One row per file, in order; a file that cannot be read is a row with its reason. `route` means that the label may be
    acted on, `review` that a person must look: `unsure` and `outlier` say why (docs/certainty.md).

    Exit code: 0 every file got an answer; 3 at least one could not be read;
    1 the model or its use is wrong; 2 the command line is wrong.
    """
    classifier = Classifier.load(model, allow_synthetic=allow_synthetic_model)
    unreadable = seen = 0
    write = _as_json if form == "jsonl" else _as_row
    if form == "table":
        click.echo(f"{'label':<16} {'probability':<28} {'decision':<24} file")
    for result in classifier.classify(film_paths(paths)):
        seen += 1
        unreadable += result.reason is not None
        click.echo(write(result, classifier))
    if not seen:
        raise DataError(f"no file lies below {', '.join(map(str, paths))}")
    if not classifier.guarantee.met:
        click.echo(classifier.guarantee.statement, err=True)
    if unreadable:
        click.echo(f"{unreadable} file(s) could not be read", err=True)
        context.exit(SOME_UNREADABLE)


def film_paths(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files as given and every entry below a folder; what cannot be read there gets its row too."""
    for path in paths:
        if path.is_dir():
            yield from (found.path for found in walk(path))
        else:
            yield path


def _as_row(result: Result, classifier: Classifier) -> str:
    if result.probabilities is None:
        return f"{'-':<16} {result.reason!s:<28} {'-':<24} {click.format_filename(result.path)}: {result.detail}"
    synthetic = " (synthetic model)" if classifier.synthetic else ""
    probability = f"{max(result.probabilities):.3f}{synthetic}"
    return f"{result.label:<16} {probability:<28} {_decision(result):<24} {click.format_filename(result.path)}"


def _decision(result: Result) -> str:
    """Return ``route``, or ``review: unsure, outlier``."""
    if result.decision is None:
        return "-"
    return ": ".join(filter(None, (result.decision.action, ", ".join(result.decision.reasons))))


def _as_json(result: Result, classifier: Classifier) -> str:
    probabilities, decision = result.probabilities, result.decision
    return json.dumps(
        {
            "path": click.format_filename(result.path),
            "label": result.label,
            "probabilities": None if probabilities is None else dict(zip(CLASSES, probabilities, strict=True)),
            "decision": None if decision is None else decision.action,
            "reasons": [] if decision is None else list(decision.reasons),
            "outlier_score": result.outlier_score,
            "guarantee": result.guarantee or None,
            "reason": result.reason,
            "detail": result.detail,
            "model": classifier.version,
            "synthetic_model": classifier.synthetic,
        },
        ensure_ascii=False,
    )
