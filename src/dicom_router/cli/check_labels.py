"""``dicom-router dataset check-labels``: labels that are likely wrong, for a person to look at."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from dicom_router.dataset.correcting import apply_corrections
from dicom_router.dataset.near_duplicates.table import COLUMNS as LINK_COLUMNS
from dicom_router.dataset.sides import sides_of_last_run
from dicom_router.dataset.table import read_labels, read_origin
from dicom_router.errors import DataError
from dicom_router.evaluation.label_check import independent_groups, rank_labels, with_current_labels
from dicom_router.evaluation.writing import csv_bytes
from dicom_router.labels import CLASSES
from dicom_router.model.cache import PixelCache, cache_digest
from dicom_router.model.cross_fitting import (
    Crossing,
    deal,
    discard_others,
    finished_parts,
    fit_parts,
    out_of_sample,
    work_name,
)
from dicom_router.model.training.batches import Images
from dicom_router.model.training.recipe import Recipe
from dicom_router.params import load_params
from dicom_router.report.label_check import Checked, write_label_check
from dicom_router.storage import write_atomically

DATA: Final = Path("data")
PIXELS: Final = Path("artifacts/pixels")
LINKS: Final = Path("artifacts/near_duplicates.csv")
WORK: Final = Path("work/check-labels")
TABLE: Final = Path("reports/label_check.csv")
PAGE: Final = Path("reports/label_check.html")
POOR: Final = 0.8  # of the films that the networks call what they are labelled; below it they judge nothing
LEAST_SHOWN: Final = 24  # films on the page, likely errors or not


@click.command("check-labels")
@click.option(
    "--folds", type=click.IntRange(2, 20), default=4, show_default=True, help="Trainings, each without one part."
)
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of each training  [train.epochs of params.yaml].")
@click.option("--show", type=click.IntRange(min=1), default=300, show_default=True, help="Films on the page at most.")
@click.option("--apply", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="CORRECTIONS.csv",
              help="Only bring corrected labels (path, label) into data/labels.csv.")  # fmt: skip
def command(folds: int, epochs: int | None, show: int, apply: Path | None) -> None:
    """Find labels that are likely wrong, and write a contact sheet for a person to go through.

    Every accepted film is judged by a network that saw neither the film nor its patient. A killed run goes on where it
    stopped. docs/your-data.md says how good it is, and how a corrected label comes back.
    """
    lines = _correct(apply) if apply else _check(folds, epochs, show)
    for line in lines:
        click.echo(line)


def _correct(table: Path) -> list[str]:
    """Apply the corrections and say what changed."""
    done = apply_corrections(DATA, table, sides_of_last_run(Path()))
    lines = [f"{done.changed:,} label(s) of {DATA / 'labels.csv'} changed, {done.already:,} stood there already"]
    return lines + ([f"next: dvc add {DATA} && dvc repro"] if done.changed else [])


def _check(folds: int, epochs: int | None, show: int) -> list[str]:
    """Judge every film, write table and page, and return the account."""
    cache, labels = PixelCache.open(PIXELS), read_labels(DATA)
    films = with_current_labels(cache.index, labels)
    if films.empty:
        raise DataError(f"{PIXELS} holds no film that {DATA / 'labels.csv'} lists; run `dvc repro`")
    crossing = _crossing(cache, films, folds, epochs)
    probabilities = _probabilities(crossing)
    judged = crossing.judged()
    table = rank_labels(films["path"][judged], films["label"][judged], probabilities[judged])
    synthetic = read_origin(DATA).synthetic
    write_atomically(TABLE, csv_bytes(table))
    shown = table.head(min(show, max(int(table["likely_error"].sum()), LEAST_SHOWN)))
    write_label_check(PAGE, shown, cache, Checked(table, folds, synthetic))
    marked = ["SYNTHETIC data: this says nothing about real films."] if synthetic else []
    return (
        marked + _account(labels["path"].nunique(), films, judged, table) + _agreement(crossing, probabilities, judged)
    )


def _crossing(cache: PixelCache, films: pd.DataFrame, folds: int, epochs: int | None) -> Crossing:
    recipe = Recipe.from_mapping(load_params().train.model_dump())
    recipe = replace(recipe, epochs=epochs or recipe.epochs)
    labels = pd.Index(CLASSES).get_indexer(pd.Index(films["label"].astype(object))).astype(np.int64)
    images = Images(cache.pixels, films.index.to_numpy(np.int64), labels)
    return Crossing(images, deal(labels, independent_groups(films, _links()), folds, recipe.seed), recipe)


def _links() -> pd.DataFrame:
    """Return the near-duplicates that the last run found."""
    return pd.read_csv(LINKS) if LINKS.is_file() else pd.DataFrame(columns=list(LINK_COLUMNS))


def _probabilities(crossing: Crossing) -> NDArray[np.float64]:
    """Train what an earlier run has not trained, behind a progress bar, and return the probabilities ``(N, C)``."""
    work = WORK / work_name(cache_digest(PIXELS), crossing)
    epochs = crossing.recipe.epochs
    done = len(finished_parts(crossing, work))
    if done:
        click.echo(f"{done} of {crossing.count} trainings were finished by an earlier run")
    with tqdm(desc="epochs", total=crossing.count * epochs, initial=done * epochs, disable=None) as bar:
        for _ in fit_parts(crossing, work, bar.update):
            done += 1
            bar.update(done * epochs - bar.n)  # epochs of a killed run too
            bar.write(f"training {done} of {crossing.count} is done")
    discard_others(work)
    return out_of_sample(crossing, work)


def _agreement(crossing: Crossing, probabilities: NDArray[np.float64], judged: NDArray[np.bool_]) -> list[str]:
    """Say how often the networks call a film what it is labelled: poor ones take their own mistakes for others'."""
    same = float((probabilities.argmax(axis=1) == crossing.images.labels)[judged].mean()) if judged.any() else 0.0
    line = f"networks called {same:.0%} of these films what they are labelled"
    if same >= POOR:
        return [line]
    return [
        f"{line}: too few to judge labels by, most of what is listed are their own mistakes; train longer (--epochs)"
    ]


def _account(listed: int, films: pd.DataFrame, judged: NDArray[np.bool_], table: pd.DataFrame) -> list[str]:
    """Return what was checked and found as lines of text; the films add up to those of ``labels.csv``."""
    parts = {
        "checked": int(judged.sum()),
        "not in artifacts/pixels (quarantined, or newer than the last dvc repro)": listed - len(films),
        "of a class with films of one patient only": int((~judged).sum()),
    }
    suspects = table[table["likely_error"]]
    pairs = Counter(zip(suspects["label"], suspects["suggested"], strict=True)).most_common()
    return [
        f"{listed:,} films listed = " + " + ".join(f"{n:,} {what}" for what, n in parts.items() if n),
        f"{len(suspects):,} label(s) likely wrong",
        *(f"{n:>9,}   {label}, or {suggested}?" for (label, suggested), n in pairs),
        f"page     {PAGE}",
        f"table    {TABLE}",
    ]
