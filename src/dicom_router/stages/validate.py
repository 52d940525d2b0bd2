"""Read every image of data/, keep out what is none, and hold the dataset against its expectations.

Writes images.parquet, near_duplicates.csv, quarantine.csv and validation.json into artifacts/. DVC throws
a failed stage's outputs away, so what a person needs then is also kept in work/validate/, and Great
Expectations' pages, which carry clock times and paths, stand in work/data_docs/.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from dicom_router.dataset.expectations.findings import accepted, fact_table, quarantined, tables
from dicom_router.dataset.expectations.report import account, failed, message, report
from dicom_router.dataset.expectations.table import expectations
from dicom_router.dataset.expectations.vocabulary import Verdict
from dicom_router.dataset.near_duplicates.search import Likeness, near_duplicates
from dicom_router.dataset.near_duplicates.table import group_of
from dicom_router.dataset.scanning import Outcome, scan, unlisted_files
from dicom_router.dataset.table import Origin, read_labels, read_origin
from dicom_router.errors import ValidationFailed
from dicom_router.params import Validation, load_params
from dicom_router.stages.artifacts import ARTIFACTS
from dicom_router.stages.running import run
from dicom_router.storage import write_atomically, write_json

DATA = Path("data")
WORK = Path("work/validate")
DOCS = Path("work/data_docs")


def main() -> None:
    """Run the stage in the current folder."""
    params = load_params()
    labels, origin = read_labels(DATA), read_origin(DATA)
    facts = fact_table(labels, _read_all(labels, params.validation))
    links = _near_duplicates(facts, params.validation)
    unlisted = unlisted_files(DATA, list(labels["path"]))
    # Imported late, since it takes seconds that a worker process must not spend.
    from dicom_router.dataset.expectations.checking import check

    derived = tables(facts, links, unlisted, origin, params.labelling)
    verdicts = check(derived, expectations(params.validation), docs=DOCS)
    _write(facts, links, verdicts, origin)
    _tell(facts, verdicts)


def _read_all(labels: pd.DataFrame, limits: Validation) -> Iterator[Outcome]:
    """Read the images behind a progress bar, where somebody watches."""
    outcomes = scan(DATA, list(labels["path"]), limits.jobs, limits.timeout)
    return iter(tqdm(outcomes, "validate", len(labels), unit=" images", disable=not sys.stderr.isatty()))


def _near_duplicates(facts: pd.DataFrame, thresholds: Validation) -> pd.DataFrame:
    """Find the near-duplicates and print how many there are."""
    likeness = Likeness(thresholds.near_duplicate_distance, thresholds.near_duplicate_correlation)
    links = near_duplicates(facts, likeness)
    films, groups = len(group_of(links)), links["group"].nunique()
    print(f"validate: {films:,} films are near-duplicates of one another, in {groups:,} groups", flush=True)
    return links


def _write(facts: pd.DataFrame, links: pd.DataFrame, verdicts: tuple[Verdict, ...], origin: Origin) -> None:
    """Write the outputs, and a copy for the case that DVC throws them away."""
    document = report(facts, links, verdicts, origin)
    lists = {"quarantine.csv": quarantined(facts), "near_duplicates.csv": links}
    for folder in (ARTIFACTS, WORK):
        write_json(folder / "validation.json", document)
        for name, table in lists.items():
            write_atomically(folder / name, table.to_csv(index=False, lineterminator="\n").encode())
    accepted(facts).to_parquet(ARTIFACTS / "images.parquet", index=False)


def _tell(facts: pd.DataFrame, verdicts: tuple[Verdict, ...]) -> None:
    """Print the account and the warnings.

    Raises:
        ValidationFailed: a critical expectation does not hold.
    """
    print(f"validate: {account(facts)}")
    held = sum(verdict.success for verdict in verdicts)
    print(f"validate: {held} of {len(verdicts)} expectations hold; pages: {DOCS / 'index.html'}", flush=True)
    for verdict in failed(verdicts, "warning"):
        print(f"validate: warning: {message(verdict)}", file=sys.stderr)
    critical = failed(verdicts, "critical")
    if critical:
        explained = "\n".join(message(verdict) for verdict in critical)
        raise ValidationFailed(f"{explained}\nDetails stand in {WORK}/.")


if __name__ == "__main__":
    run(main)
