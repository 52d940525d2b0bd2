"""``dicom-router audit``: an archive's tags against its pixels."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.cli.classify import SOME_UNREADABLE, model_option
from dicom_router.cli.red import warn
from dicom_router.dataset.importing.ledger import make_private
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess_file
from dicom_router.errors import DataError, UnreadableImage
from dicom_router.evaluation.auditing import AGE, BODY_PART, SILENT, Audit, Contradiction, agreements, overall
from dicom_router.evaluation.writing import csv_bytes
from dicom_router.finding import INSIDE, find
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Facts
from dicom_router.model.folder import MODEL, read_specification
from dicom_router.model.in_cells import TIMEOUT, Loading, classify_in_cells
from dicom_router.model.locating import look_up
from dicom_router.model.rows import text_of
from dicom_router.report.audit import Shown, write_audit
from dicom_router.storage import write_atomically
from dicom_router.walking import Found

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

    Writes a page, the agreement matrix, and the films whose pixels contradict their header, the likeliest mislabelled
    first (docs/classifying.md). They name files as you do: keep them where the films are kept.

    Exit code: 0 every file was read; 3 at least one could not be read; 1 the model or its use is wrong;
    2 the command line is wrong.
    """
    located = look_up(model)
    folder, facts = located.folder, Facts.read(located.folder)
    results = classify_in_cells(Loading(folder, allow_synthetic_model), find(paths), workers=workers, facts=facts)
    audit = Audit()
    with closing(results):
        for result in tqdm(results, "audit", unit=" films", disable=not sys.stderr.isatty()):
            audit.add(result)
    if not audit.seen:
        raise DataError(f"no file lies below {', '.join(map(str, paths))}")
    ranked = audit.ranked()
    _write(output, audit, ranked, _shown(ranked[:show], folder, workers), facts, located.warning)
    for line in _account(audit, output):
        click.echo(line)
    warn(located.warning)
    for warning in facts.warnings:
        click.echo(warning, err=True)
    if audit.unreadable:
        context.exit(SOME_UNREADABLE)


def _write(
    output: Path, audit: Audit, ranked: list[Contradiction], shown: list[Shown], facts: Facts, red: str | None
) -> None:
    if not output.exists():
        make_private(output)
    write_atomically(output / TABLE, csv_bytes(contradiction_table(ranked)))
    write_atomically(output / MATRIX, csv_bytes(agreement_table(audit)))
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
        rows.append((rank, text_of(each.result), each.about, *said, *seen))
    return pd.DataFrame(rows, columns=columns)


def agreement_table(audit: Audit) -> pd.DataFrame:
    """Return the agreement matrix, of all films and of those that the model would route."""
    rows = [
        {"films": which, "header_allows": "" if row.claim == SILENT else " ".join(row.claim), "n": row.films}
        | dict(row.labels)
        | {"agree": row.share.value, "low": row.share.low, "high": row.share.high}
        for which, pairs in (("all", audit.pairs), ("routed", audit.routed_pairs))
        for row in agreements(pairs)
    ]
    return pd.DataFrame(rows, columns=["films", "header_allows", "n", *CLASSES, "agree", "low", "high"]).round(6)


def _shown(ranked: Sequence[Contradiction], model: Path, workers: int) -> list[Shown]:
    """Read the films again for their thumbnails."""
    specification = PreprocessingSpec.from_dict(read_specification(model, MODEL)["preprocessing"])
    wanted = [each.result.path for each in ranked]
    found = list(_found(wanted))
    pixels = map_in_cells(
        partial(_pixels, specification=specification), found, workers=workers_for(workers), timeout=TIMEOUT
    )
    seen = {each.path: None if isinstance(image, Lost) else image for each, image in zip(found, pixels, strict=True)}
    return [Shown(each, seen.get(each.result.path)) for each in ranked]


def _found(wanted: Sequence[Path]) -> Iterator[Found]:
    """Yield the films at ``wanted``, each archive that holds some being gone through once."""
    places = set(wanted)
    for outer in dict.fromkeys(Path(str(path).partition(INSIDE)[0]) for path in wanted):
        yield from (found for found in find([outer]) if found.path in places)


def _pixels(found: Found, specification: PreprocessingSpec) -> NDArray[np.uint8] | None:
    """Return ``(S, S)`` uint8, None of a film that cannot be read any more."""
    try:
        return preprocess_file(found.path if found.data is None else found.data, specification).pixels
    except UnreadableImage:
        return None


def _account(audit: Audit, output: Path) -> list[str]:
    """Return what was seen and found as lines of text; the files add up."""
    refused = "".join(f" + {n:,} {reason}" for reason, n in audit.unreadable.most_common())
    rows = agreements(audit.pairs)
    agree, telling = overall(rows), sum(row.films for row in rows if row.claim != SILENT)
    share = "" if agree.value is None else f", {agree.value:.1%} show what it allows ({agree.low:.1%}-{agree.high:.1%})"
    about = Counter(each.about for each in audit.contradictions)
    return [
        f"{audit.seen:,} files seen = {audit.films:,} read{refused}",
        f"{telling:,} headers rule a class out{share}",
        f"{len(audit.contradictions):,} films contradict their header"
        f" ({about[BODY_PART]:,} its body part, {about[AGE]:,} its age);"
        f" {sum(each.routed for each in audit.contradictions):,} of them the model would route",
        f"page     {output / PAGE}",
        f"tables   {output / TABLE}, {output / MATRIX}",
    ]
