"""Put each accepted image on a side of the split: artifacts/splits.parquet and artifacts/splits.json."""

import sys
from pathlib import Path

import pandas as pd

from dicom_router.dataset.rows import is_placeholder
from dicom_router.dataset.splitting import FILL_ORDER, SIDES, Counts, assign, overruled, split_table, summarize, torn
from dicom_router.dataset.table import read_labels
from dicom_router.params import load_params
from dicom_router.stages.artifacts import ARTIFACTS, read_table
from dicom_router.stages.running import run
from dicom_router.storage import write_json

DATA = Path("data")
NAMED = 10  # films in a warning


def main() -> None:
    """Run the stage in the current folder."""
    params = load_params()
    labels, links = read_labels(DATA), read_table("near_duplicates.csv")
    sides = assign(labels, params.split, links)
    table = split_table(read_table("images.parquet"), labels, sides)
    summary = summarize(table)
    table.to_parquet(ARTIFACTS / "splits.parquet", index=False)
    write_json(ARTIFACTS / "splits.json", summary)
    print(f"split: {len(table):,} images in = {_account(summary)}", flush=True)
    for text in _warnings(table, summary, overruled(labels, sides), torn(table, links)):
        print(f"split: warning: {text}", file=sys.stderr)


def _account(summary: Counts) -> str:
    """Say how many images and patients each side has; the images add up."""
    every = {side: summary[side]["all"] for side in SIDES}
    return " + ".join(f"{of['images']:,} {side} ({of['patients']:,} patients)" for side, of in every.items())


def _warnings(table: pd.DataFrame, summary: Counts, late: pd.DataFrame, apart: pd.DataFrame) -> list[str]:
    """Return what a person should know about this split."""
    nameless = int(is_placeholder(table["patient_id"]).sum())
    empty = [side for side in FILL_ORDER if not summary[side]["all"]["images"]]
    return (
        [f"{nameless:,} images name no patient; they are split by study, so a patient may be on two sides"]
        * bool(nameless)
        + [f"no image is on {' or '.join(empty)}: too few patients, or a given split without it"] * bool(empty)
        + [f"a given split came after the patient's side was settled, and was not followed: {_named(late['path'])}"]
        * (len(late) > 0)
        + [f"near-duplicates are on several sides; figures of the later side may be too good: {_named(_told(apart))}"]
        * (len(apart) > 0)
    )


def _told(apart: pd.DataFrame) -> "pd.Series[str]":
    """Name each film with its side, those of one group after one another."""
    return apart["path"] + " (" + apart["split"] + ")"


def _named(films: "pd.Series[str]") -> str:
    """Name the first films."""
    return ", ".join(films.head(NAMED)) + (f" and {len(films) - NAMED:,} more" if len(films) > NAMED else "")


if __name__ == "__main__":
    run(main)
