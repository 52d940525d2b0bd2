"""The side of the split that each film had in the last run, kept when the dataset changes."""

from pathlib import Path
from typing import Final

import pandas as pd

from dicom_router.dataset.rows import group_ids
from dicom_router.dataset.table import SPLITS

SIDES: Final = Path("artifacts/splits.parquet")


def sides_of_last_run(root: Path) -> dict[str, str]:
    """Map each image to its side of the split; nothing where no run has split them."""
    path = root / SIDES
    if not path.is_file():
        return {}
    table = pd.read_parquet(path, columns=["path", "split"])
    return dict(zip(table["path"].astype(str), table["split"].astype(str), strict=True))


def with_sides(labels: pd.DataFrame, sides: dict[str, str]) -> pd.DataFrame:
    """Write the sides of the last run into the column ``split``, where it is empty.

    Shares of the split are filled patient by patient, so that without one the next would take another side: models
    that were trained before would be tested on patients they have seen. A patient on two sides, and one without
    any, stays as it is.
    """
    groups = group_ids(labels)
    known = labels["path"].map(sides).where(lambda side: side.isin(SPLITS))
    only = known.groupby(groups).transform("first").where(known.groupby(groups).transform("nunique") == 1)
    empty = (labels["split"] == "") & (labels["cohort"] == "internal")
    return labels.assign(split=labels["split"].mask(empty, only.fillna("")))
