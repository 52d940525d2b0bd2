"""Which films a model was made with, by hashes that say nothing to whoever does not have the films.

Two versions can only be compared on films that neither learnt from, also when the older one's data is no longer there.
"""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import pandas as pd

from dicom_router.errors import DataError, RegistryError
from dicom_router.evaluation.predictions import Mask

FILE: Final = "data/known_films.csv"  # among a run's artifacts
MADE_WITH: Final = ("train", "validation", "calibration")
DIGITS: Final = 32


@dataclass(frozen=True)
class KnownFilms:
    """The films of train, validation and calibration, and whose they are."""

    films: frozenset[str]
    patients: frozenset[str]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what ``known_films_csv`` wrote.

        Raises:
            RegistryError: it is something else.
        """
        try:
            table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
            return cls(frozenset(table["film"]), frozenset(table["patient"]))
        except (pd.errors.EmptyDataError, pd.errors.ParserError, KeyError):
            raise RegistryError(f"{FILE} of its run is damaged: it lists no films") from None

    def among(self, table: pd.DataFrame) -> Mask:
        """Return which rows ``(N,)`` of ``film_table`` show a film or a patient that is known."""
        known_film = hashes("film", table["pixel_sha256"]).isin(self.films)
        return np.asarray(known_film | hashes("patient", table["group"]).isin(self.patients), dtype=np.bool_)


def film_table(project: Path) -> pd.DataFrame:
    """Return ``path``, ``pixel_sha256``, ``group`` (the patient) and ``split`` of every film that was split.

    Raises:
        DataError: an artifact is missing.
    """
    try:
        images = pd.read_parquet(project / "artifacts/images.parquet", columns=["path", "pixel_sha256"])
        splits = pd.read_parquet(project / "artifacts/splits.parquet", columns=["path", "group", "split"])
    except FileNotFoundError as error:
        raise DataError(f"{error.filename} is missing; make it with `dvc repro`") from None
    return splits.merge(images, on="path", how="left", validate="one_to_one")


def known_films_csv(project: Path) -> str:
    """Return the films that the model in ``project`` was made with, sorted, so that the order tells nothing."""
    table = film_table(project)
    made_with = table[table["split"].isin(MADE_WITH)]
    columns = {
        "film": hashes("film", made_with["pixel_sha256"]),
        "patient": hashes("patient", made_with["group"]),
    }
    return pd.DataFrame(columns).sort_values(["film", "patient"]).to_csv(index=False, lineterminator="\n")


def hashes(kind: str, values: Iterable[str]) -> "pd.Series[str]":
    """Return the hash of each value; those of films and patients never meet."""
    return pd.Series([hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()[:DIGITS] for value in values], dtype=str)
