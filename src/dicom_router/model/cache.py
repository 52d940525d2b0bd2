"""The pixel cache that the preprocess stage wrote: pixels, index and specification."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router.errors import DataError
from dicom_router.labels import CLASSES

FILES: Final = ("pixels.npy", "index.parquet", "specification.json")


@dataclass(frozen=True)
class PixelCache:
    """All preprocessed images, memory-mapped, with what is known of each."""

    pixels: NDArray[np.uint8]  # (M, S, S)
    index: pd.DataFrame  # M rows
    specification: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the cache in ``folder``.

        Raises:
            DataError: it is missing, damaged, or its parts do not belong together.
        """
        try:
            pixels = np.load(folder / "pixels.npy", mmap_mode="r")
            index = pd.read_parquet(folder / "index.parquet")
            specification = json.loads((folder / "specification.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"{folder} holds no whole pixel cache; make it with `dvc repro preprocess`") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{folder} is damaged ({error}); restore it with `dvc checkout`") from None
        if len(pixels) != len(index):
            raise DataError(f"{folder} is damaged: {len(pixels)} images and {len(index)} rows in its index")
        return cls(pixels, index, specification)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Return the positions of the images of ``split``, in the order of the index."""
        return np.flatnonzero((self.index["split"] == split).to_numpy(bool)).astype(np.int64)

    def labels(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the classes of ``rows`` as positions in ``CLASSES``."""
        names = pd.Index(self.index["label"].iloc[rows].astype(object))
        return pd.Index(CLASSES).get_indexer(names).astype(np.int64)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of images by split and class, for a model's record."""
        table = pd.crosstab(self.index["split"].astype(object), self.index["label"].astype(object))
        table = table.reindex(columns=list(CLASSES), fill_value=0)
        return {str(split): {name: int(row[name]) for name in CLASSES} for split, row in table.iterrows()}


def cache_digest(folder: Path) -> str:
    """Return a hash of all that the cache in ``folder`` holds."""
    digest = hashlib.sha256()
    for name in FILES:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
