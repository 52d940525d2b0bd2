"""``dicom-router audit``: an archive's tags against its pixels."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.cli.classify import SOME_UNREADABLE, model_option
from dicom_router.cli.red import warn
from dicom_router.dataset.importing.ledger import IGNORED, make_private
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess_file
from dicom_router.errors import DataError, UnreadableImage
from dicom_router.evaluation.auditing import (
    AGE,
    BODY_PART,
    SILENT,
    TAGS,
    Audit,
    Contradiction,
    agreements,
    overall,
    telling,
)
from dicom_router.evaluation.writing import csv_bytes
from dicom_router.finding import find, find_again
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Facts
from dicom_router.model.folder import MODEL, read_specification
from dicom_router.model.in_cells import TIMEOUT, Loading, classify_in_cells
from dicom_router.model.locating import look_up
from dicom_router.report.audit import Shown, write_audit
from dicom_router.storage import OWNER, write_atomically
from dicom_router.walking import Found, as_text

TABLE: Final = "contradictions.csv"
MATRIX: Final = "agreement.csv"
PAGE: Final = "index.html"
DIGITS: Final = 4  # of a stored probability


@click.command("audit")
@click.argument("paths", metavar="FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@model_option
@click.option("--allow-synthetic-model", is_flag=True, help="Let a model trained on synthetic images see real films.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default="audit", show_default=True,
              help="Folder of the page and the tables.")  # fmt: skip
@click.option("--show", type=click.IntRange(0), default=120, show_default=True, help="Films on the page at most.")
@click.option("--workers", default=0, show_default=True, type=click.IntRange(0), help="Processes; 0: one a core.")
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[Path, ...],
    model: str,
    allow_synthetic_model: bool,
    output: Path,
    show: int,
    workers: int,
) -> None:
    """Set BodyPartExamined and PatientAge of every film below FOLDER beside what its pixels show.

    Writes a page, the agreement of each, and the films whose pixels contradict their header, the likeliest mislabelled
    first (docs/classifying.md). They name files as you do: keep them where the films are kept.

    Exit code: 0 every file was read; 3 at least one could not be read; 1 the model or its use is wrong;
    2 the command line is wrong.
    """
    located = look_up(model)
    folder, facts = located.folder, Facts.read(located.folder)
    with _made(output):
        audit = _audited(paths, output, Loading(folder, allow_synthetic_model), workers, facts)
        ranked = audit.ranked()
        _write(output, audit, ranked, _shown(ranked[:show], folder, workers), facts, located.warning)
    for line in _account(audit, output):
        click.echo(line)
    warn(located.warning)
    for warning in facts.warnings:
        click.echo(warning, err=True)
    if audit.unreadable:
        context.exit(SOME_UNREADABLE)


@contextmanager
def _made(output: Path) -> Iterator[None]:
    """Have the folder ``output`` before the hours that an audit may take; a new one goes again where these are in vain.

    Raises:
        OSError: no file can be written there.
    """
    with ExitStack() as undo:
        if not output.exists():
            make_private(output)
            undo.callback(_remove, output)
        with TemporaryFile(dir=output):
            pass
        yield
        undo.pop_all()


def _remove(output: Path) -> None:
    """Remove a folder of ``make_private``, unless something else lies there by now."""
    (output / IGNORED).unlink(missing_ok=True)
    with suppress(OSError):
        output.rmdir()


def _audited(paths: Sequence[Path], output: Path, loading: Loading, workers: int, facts: Facts) -> Audit:
    """Classify what lies below ``paths``, but for what an audit writes into ``output``.

    Raises:
        DataError: nothing lies there.
    """
    found = find(paths, [output / name for name in (TABLE, MATRIX, PAGE, IGNORED)])
    audit = Audit()
    with closing(classify_in_cells(loading, found, workers=workers, facts=facts)) as results:
        for result in tqdm(results, "audit", unit=" films", disable=not sys.stderr.isatty()):
            audit.add(result)
    if not audit.seen:
        raise DataError(f"no file lies below {', '.join(map(str, paths))}")
    return audit


def _write(
    output: Path, audit: Audit, ranked: list[Contradiction], shown: list[Shown], facts: Facts, red: str | None
) -> None:
    write_atomically(output / TABLE, csv_bytes(contradiction_table(ranked)), mode=OWNER)
    write_atomically(output / MATRIX, csv_bytes(agreement_table(audit)), mode=OWNER)
    write_audit(output / PAGE, audit, shown, facts, red)


def contradiction_table(ranked: Sequence[Contradiction]) -> pd.DataFrame:
    """Return a row for each film whose pixels contradict its header, in their order."""
    columns = [
        "rank",
        "path",
        "about",
        "BodyPartExamined",
        "age_years",
        "header_allows",
        "shows",
        "suspicion",
        "decision",
    ]
    rows = []
    for rank, each in enumerate(ranked, 1):
        claim, decision = each.result.claim, each.result.decision
        assert claim is not None and decision is not None
        said = (claim.BodyPartExamined, claim.age_years, " ".join(claim.allows))
        seen = (each.result.label, round(each.suspicion, DIGITS), decision.action)
        rows.append((rank, as_text(each.result.path), each.about, *said, *seen))
    return pd.DataFrame(rows, columns=columns)


def agreement_table(audit: Audit) -> pd.DataFrame:
    """Return the agreement of each tag, of all films and of those that the model would route."""
    rows = [
        {
            "films": which,
            "about": tag,
            "header_allows": "" if row.claim == SILENT else " ".join(row.claim),
            "n": row.films,
        }
        | dict(row.labels)
        | {"agree": row.share.value, "low": row.share.low, "high": row.share.high}
        for which, pairs in (("all", audit.pairs), ("routed", audit.routed_pairs))
        for tag in TAGS
        for row in agreements(pairs[tag])
    ]
    return pd.DataFrame(rows, columns=["films", "about", "header_allows", "n", *CLASSES, "agree", "low", "high"]).round(
        6
    )


def _shown(ranked: Sequence[Contradiction], model: Path, workers: int) -> list[Shown]:
    """Read the films again for their thumbnails; of what lies in archives no more is held than is being read."""
    specification = PreprocessingSpec.from_dict(read_specification(model, MODEL)["preprocessing"])
    found = find_again(each.result.path for each in ranked)
    seen = map_in_cells(
        partial(_seen, specification=specification), found, workers=workers_for(workers), timeout=TIMEOUT
    )
    pixels = dict(each for each in seen if not isinstance(each, Lost))
    return [Shown(each, pixels.get(each.result.path)) for each in ranked]


def _seen(found: Found, specification: PreprocessingSpec) -> tuple[Path, NDArray[np.uint8] | None]:
    """Return the film's path, and ``(S, S)`` uint8; None where it cannot be read any more."""
    try:
        return found.path, preprocess_file(found.path if found.data is None else found.data, specification).pixels
    except UnreadableImage:
        return found.path, None


def _account(audit: Audit, output: Path) -> list[str]:
    """Return what was seen and found as lines of text; the files add up."""
    refused = "".join(f" + {n:,} {reason}" for reason, n in audit.unreadable.most_common())
    about = Counter(each.about for each in audit.contradictions)
    return [
        f"{audit.seen:,} files seen = {audit.films:,} read{refused}",
        *(_agreement(audit, tag) for tag in TAGS),
        f"{len(audit.contradictions):,} films contradict their header"
        f" ({about[BODY_PART]:,} its body part, {about[AGE]:,} its age);"
        f" {sum(each.result.routed for each in audit.contradictions):,} of them the model would route",
        f"page     {output / PAGE}",
        f"tables   {output / TABLE}, {output / MATRIX}",
    ]


def _agreement(audit: Audit, tag: str) -> str:
    """Return of how many films a tag tells something, and how many of them agree."""
    (keyword, films), rows = TAGS[tag], agreements(audit.pairs[tag])
    share = overall(rows)
    agree = "" if share.value is None else f"; {share.value:.1%} show what it allows ({share.low:.1%}-{share.high:.1%})"
    return f"{keyword} rules a class out in {telling(rows):,} {films}{agree}"
