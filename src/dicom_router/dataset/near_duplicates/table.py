"""artifacts/near_duplicates.csv: which film repeats which earlier one."""

from typing import Final

import pandas as pd

# ``group`` is the path of a group's first film by batch and path; ``inverted`` says that one is the negative.
COLUMNS: Final = ("group", "path", "near_duplicate_of", "correlation", "inverted")


def group_of(links: pd.DataFrame) -> "pd.Series[str]":
    """Return the group of every film in ``links``, by its path."""
    ends = [links.set_index(column)["group"] for column in ("path", "near_duplicate_of")]
    both: pd.Series[str] = pd.concat(ends)
    return both[~both.index.duplicated()]
