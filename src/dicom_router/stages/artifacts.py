"""Where the stages of the data leave their tables for one another."""

from pathlib import Path
from typing import Final

import pandas as pd

from dicom_router.errors import DataError

ARTIFACTS: Final = Path("artifacts")


def read_table(name: str) -> pd.DataFrame:
    """Read a Parquet or CSV table that an earlier stage wrote.

    Raises:
        DataError: the earlier stage has not run.
    """
    path = ARTIFACTS / name
    try:
        return pd.read_csv(path, keep_default_na=False) if path.suffix == ".csv" else pd.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: `dvc repro` runs the stages in their order") from None
