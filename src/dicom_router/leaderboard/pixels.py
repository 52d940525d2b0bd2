"""The pixel caches of a leaderboard: one for each way to preprocess, over one split."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from dicom_router.dataset.pixels import fill, fingerprint, images_done, index_table, move_into_place, open_workplace
from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.errors import DataError
from dicom_router.model.cache import PixelCache, cache_digest
from dicom_router.params import Preprocess

ARTIFACTS: Final = Path("artifacts")
DATA: Final = Path("data")


@dataclass(frozen=True)
class Pixels:
    """A cache, and the hash of all that it holds."""

    cache: PixelCache
    digest: str

    @classmethod
    def open(cls, folder: Path) -> "Pixels":
        """Open the cache in ``folder``."""
        return cls(PixelCache.open(folder), cache_digest(folder))


def pixels_for(spec: PreprocessingSpec, work: Path, limits: Preprocess, tell: Callable[[str], object]) -> Pixels:
    """Return the pixels of the pipeline's split by ``spec``: the pipeline's own, an earlier run's, or new ones.

    Raises:
        DataError: the pipeline has not split the films, or one can no longer be read.
    """
    images, splits = (_read(ARTIFACTS / f"{name}.parquet") for name in ("images", "splits"))
    index = index_table(splits, images)
    if _is_the_pipelines(spec, index):
        return Pixels.open(ARTIFACTS / "pixels")
    name = f"{fingerprint(spec, images)[:16]}-{hashlib.sha256(index.to_csv().encode()).hexdigest()[:16]}"
    if not (work / name).is_dir():
        _make(work / name, spec, index, images, limits, tell)
    return Pixels.open(work / name)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: `dvc repro split` makes the split that all networks share") from None


def _is_the_pipelines(spec: PreprocessingSpec, index: pd.DataFrame) -> bool:
    """Say whether ``artifacts/pixels`` holds just these pixels of just these films."""
    if not (ARTIFACTS / "pixels" / "specification.json").is_file():
        return False
    cache = PixelCache.open(ARTIFACTS / "pixels")
    return cache.specification == spec.to_dict() and cache.index.equals(index)


def _make(
    target: Path,
    spec: PreprocessingSpec,
    index: pd.DataFrame,
    images: pd.DataFrame,
    limits: Preprocess,
    tell: Callable[[str], object],
) -> None:
    """Preprocess as the stage does; a killed run is resumed."""
    under_way = target.parent / "work" / fingerprint(spec, images)
    place = open_workplace(under_way, len(index), spec.image_size)
    done = images_done(place)
    for count in fill(place, DATA, list(index["path"]), spec, limits.jobs, limits.timeout):
        done += count
        tell(f"{spec.image_size} x {spec.image_size}, {spec.fit}: {done:,} of {len(index):,} films")
    move_into_place(place, target, index, spec)
