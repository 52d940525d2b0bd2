"""Films of the dataset as the network would see them had they arrived otherwise.

The processes that read import this module, which needs no tables and no figures.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.dicom.film import Film
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess
from dicom_router.dicom.reading import read
from dicom_router.errors import DataError, UnreadableImage
from dicom_router.evaluation.perturbations import PERTURBATIONS, UNTOUCHED, Perturbation

WAYS: Final = (UNTOUCHED, *PERTURBATIONS)
WINDOW: Final = 4  # films a process whose pictures may wait for their turn

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Reading:
    """How films are read: below ``data``, for a network's ``spec``; ``seed`` decides where borders and marks lie."""

    data: Path
    spec: PreprocessingSpec
    seed: int


def pixels_of_films(reading: Reading, paths: Sequence[str], jobs: int, timeout: float) -> Iterator[Pixels]:
    """Yield for each of ``paths`` the film in each of ``WAYS``, preprocessed: ``(K, S, S)`` uint8.

    Raises:
        DataError: a file can no longer be read, or not within ``timeout`` seconds.
    """
    work = partial(film_in_all_ways, replace(reading, data=reading.data.absolute()))
    cells = map_in_cells(work, paths, workers=workers_for(jobs), timeout=timeout, window=WINDOW)
    with closing(cells) as outcomes:
        for path, outcome in zip(paths, outcomes, strict=True):
            if isinstance(outcome, Lost):
                was = f"{outcome.reason}: {outcome.detail}"
                raise DataError(f"{path} was read by validate and is now {was}; run the pipeline again")
            yield outcome


def film_in_all_ways(reading: Reading, path: str) -> Pixels | Lost:
    """Return the film at ``path`` in each of ``WAYS``: ``(K, S, S)`` uint8; or why it cannot be read."""
    try:
        film = read(reading.data / path)
    except UnreadableImage as error:
        return Lost(error.reason, error.detail)
    arrived = (arriving(film, way, random_of(reading.seed, path, way)) for way in WAYS)
    return np.stack([preprocess(each, reading.spec) for each in arrived])


def arriving(film: Film, way: Perturbation, random: np.random.Generator) -> Film:
    """Return ``film`` as it would be read had it arrived in that ``way``: a picture, in which padding is black too."""
    aspect = 1 / film.header.pixel_aspect if way.turned else film.header.pixel_aspect
    pixels = np.ascontiguousarray(way.change(film.pixels, random), np.float32)
    return Film(pixels, film.valid if way is UNTOUCHED else None, replace(film.header, pixel_aspect=aspect))


def random_of(seed: int, path: str, way: Perturbation) -> np.random.Generator:
    """Return the random numbers of one film in one way, whatever other films and ways there are."""
    return np.random.default_rng([seed, zlib.crc32(path.encode()), zlib.crc32(way.name.encode())])
