"""``dicom-router sample``: the synthetic dataset."""

import time
from collections import Counter
from pathlib import Path
from typing import Final

import click
from tqdm import tqdm

from dicom_router.labels import CLASSES
from dicom_router.sample.making import Row
from dicom_router.sample.writing import Sample, is_complete, write_sample

DEFAULT_IMAGES: Final = 1500


@click.command("sample")
@click.argument("data", type=click.Path(file_okay=False, path_type=Path), default="data")
@click.option("--images", type=click.IntRange(min=1), default=DEFAULT_IMAGES, show_default=True, help="How many films.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Which films.")
@click.option("--jobs", type=int, default=-1, show_default=True, help="Processes; -1 is one per core.")
def command(data: Path, images: int, seed: int, jobs: int) -> None:
    """Write synthetic radiographs into the folder DATA, as hospitals would export them.

    The same seed gives the same bytes on every machine. docs/sample.md says what is in it and what it is good for.
    """
    sample = Sample(images, seed)
    if is_complete(sample, data):
        click.echo(f"{data} holds this sample already: {sample.origin.description}")
        return
    start = time.monotonic()
    progress = tqdm(
        write_sample(sample, data, jobs), total=images, unit="film", desc="sample", disable=None, leave=False
    )
    rows = list(progress)
    for line in account_lines(rows, data, time.monotonic() - start):
        click.echo(line)


def account_lines(rows: list[Row], data: Path, seconds: float) -> list[str]:
    """Return what was made as lines of text."""
    films = Counter((row.label, row.cohort) for row in rows)
    width = max(map(len, CLASSES))
    patients = len({row.patient_id for row in rows})
    return [
        f"{len(rows):,} SYNTHETIC radiographs of {patients:,} patients who do not exist, in {seconds:.0f} s",
        f"{'':{width}}  internal  external",
        *(f"{name:{width}}  {films[name, 'internal']:8,}  {films[name, 'external']:8,}" for name in CLASSES),
        f"{data / 'labels.csv'} lists them; next: dvc add {data} && dvc repro",
    ]
