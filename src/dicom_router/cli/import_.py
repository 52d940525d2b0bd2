"""``dicom-router import``: films of a hospital or an archive into data/, without whom they show."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, cast

import click
from tqdm import tqdm

from dicom_router.dataset.importing.films import Account, Outcome, Request, import_films
from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import FolderLabels, Labelling, OneLabel, TableLabels
from dicom_router.dataset.pseudonyms import KEY_VARIABLE, Pseudonyms
from dicom_router.dataset.table import COHORTS, Cohort
from dicom_router.errors import DataError
from dicom_router.labels import parse_label
from dicom_router.reasons import Reason

INTERRUPTED: Final = 130  # as shells say of Ctrl-C
# What can be done about a refusal, where it is more than to see what the file is.
ADVICE: Final = {
    Reason.BURNED_IN_TEXT: "; look at the films, then import them with --allow-burned-in",
    Reason.UNKNOWN_LABEL: "; docs/labelling.md lists what is accepted, for folders and tables",
}
DATA: Final = Path("data")  # of the project in whose folder the command runs


@click.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--label-from", metavar="folder|TABLE", help="Label by the folder's name, or by a table (CSV).")
@click.option("--label", metavar="CLASS", help="One label for all films of SOURCE.")
@click.option("--site", required=True, help="Short name of the hospital or archive: a-z, 0-9, - and _.")
@click.option("--cohort", type=click.Choice(COHORTS), default="internal", show_default=True)
@click.option("--data", type=click.Path(path_type=Path), default=DATA, show_default=True, help="The dataset.")
@click.option("--patient-domain", metavar="NAME", default="", help="Whose patient numbers, if other sites reuse them.")
@click.option("--dry-run", is_flag=True, help="Read everything, print the account, add nothing.")
@click.option("--refused", type=click.Path(path_type=Path), help="List of refusals [private/refused-N.csv].")
@click.option("--with-synthetic", is_flag=True, help="Let synthetic and real films meet; marks the dataset synthetic.")
@click.option(
    "--allow-burned-in", is_flag=True, help="Take films that may have text in the pixels; look at them first."
)
@click.option("--jobs", type=int, default=-1, show_default=True, help="Processes; -1: one per core; 0: none.")
def command(
    source: Path,
    label_from: str | None,
    label: str | None,
    site: str,
    cohort: str,
    data: Path,
    patient_domain: str,
    dry_run: bool,
    refused: Path | None,
    with_synthetic: bool,
    allow_burned_in: bool,
    jobs: int,
) -> None:
    """Bring the DICOM, PNG and JPEG films of SOURCE, a folder or an archive, into the dataset.

    Patients, studies and file names become keyed pseudonyms, and nothing that identifies anybody is stored.
    The same import again adds nothing. docs/your-data.md leads through it, docs/labelling.md says which film
    belongs to which class.
    """
    if data == DATA and not Path("dvc.yaml").is_file():
        raise DataError("there is no dvc.yaml here: run from the project's folder, or say with --data where to import")
    pseudonyms = Pseudonyms(os.environ.get(KEY_VARIABLE, ""), patient_domain)
    source = source.resolve()
    labelling, table = _labelling(source, label_from, label)
    request = Request(
        source=source,
        labelling=labelling,
        site=site,
        cohort=cast(Cohort, cohort),
        data=data,
        label_table=table,
        refused=refused,
        with_synthetic=with_synthetic,
        allow_burned_in=allow_burned_in,
        dry_run=dry_run,
        jobs=jobs,
    )
    try:
        account = import_films(request, pseudonyms, _progress)
    except KeyboardInterrupt:
        click.echo(
            "interrupted: nothing is lost or half written; run the same import again, and it continues", err=True
        )
        sys.exit(INTERRUPTED)
    for line in account_lines(account, data, dry_run):
        click.echo(line)
    files = account.seen - account.tables
    if files == sum(account.refused.values()):
        raise DataError("no film could be taken" if files else "the source holds no films")


def _labelling(source: Path, label_from: str | None, label: str | None) -> tuple[Labelling, Path | None]:
    """Return the way to label, and the table where there is one.

    Raises:
        DataError: not exactly one way is given, or the table cannot be read.
        UnknownLabel: ``label`` is no class.
    """
    if (label is None) == (label_from is None):
        raise DataError("give either --label CLASS, --label-from folder, or --label-from TABLE.csv")
    if label is not None:
        return OneLabel(parse_label(label)), None
    if label_from == "folder":
        return FolderLabels(source), None
    table = Path(cast(str, label_from))
    beside = table.parent.resolve()
    folder = beside if source == beside or beside in source.parents else source
    content = read_label_table(table)
    for note in content.notes:
        click.echo(f"note: {note}", err=True)
    return TableLabels(folder, content.rows, content.unusable), beside / table.name


def _progress(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Show on a terminal how many files were seen; counting them before would double the walk."""
    yield from tqdm(outcomes, unit=" files", desc="import", disable=None, leave=False)


def account_lines(account: Account, data: Path, dry_run: bool) -> list[str]:
    """Return the account as lines of text; the numbers below ``seen`` add up to it."""
    imported = ", ".join(f"{n:,} {name}" for name, n in account.imported.items() if n)
    lines = [
        f"seen           {account.seen:>9,} files" + (" (dry run: nothing is added)" if dry_run else ""),
        f"imported       {sum(account.imported.values()):>9,}" + (f"   {imported}" if imported else ""),
        f"already there  {account.already_there:>9,}",
        *([f"label table    {account.tables:>9,}"] if account.tables else []),
        f"refused        {sum(account.refused.values()):>9,}",
    ]
    lines += [f"{n:>24,}   {reason}: {reason.meaning}{ADVICE.get(reason, '')}" for reason, n in account.refused.items()]
    if account.refused:
        lines.append(f"which files, by their original names: {account.refusals} (keep it private)")
    if account.without_patient:
        lines.append(f"{account.without_patient:,} have no patient id and are split by study instead")
    if sum(account.imported.values()) and not dry_run:
        lines.append(f"{data / 'labels.csv'} lists {account.images:,} images; next: dvc add {data} && dvc repro")
    return lines
