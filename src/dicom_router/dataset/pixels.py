"""The pixel cache: every image preprocessed once, in one file that training maps into memory.

Work in progress lives in a folder of its own: ``pixels/`` grows there, chunk by chunk, and
``finished.txt`` names the chunks whose bytes have reached the disk. A killed run is resumed from
there; a whole one is moved into place in one step. Memory does not grow with the number of images:
each process holds one film.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

import dicom_router.dicom
from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess_file
from dicom_router.errors import DataError, UnreadableImage
from dicom_router.storage import write_atomically, write_json

if TYPE_CHECKING:  # the workers import this module, and need no tables
    import pandas as pd

CHUNK: Final = 32  # images between two marks of progress
DECODERS: Final = ("numpy", "pydicom", "imagecodecs", "pillow")
FACTS: Final = (
    "age_years",
    "header_age_years",
    "sex",
    "PatientSex",
    "view",
    "ViewPosition",
    "BodyPartExamined",
    "Manufacturer",
)


@dataclass(frozen=True)
class Workplace:
    """Where a cache of ``count`` images of ``size`` x ``size`` pixels grows."""

    folder: Path
    count: int
    size: int

    @property
    def content(self) -> Path:
        """Return the folder that will be the cache."""
        return self.folder / "pixels"

    @property
    def array(self) -> Path:
        """Return the file of the pixels, `(count, size, size)` uint8."""
        return self.content / "pixels.npy"

    @property
    def journal(self) -> Path:
        """Return the file that names the finished chunks, by their first row."""
        return self.folder / "finished.txt"


def index_table(splits: "pd.DataFrame", images: "pd.DataFrame") -> "pd.DataFrame":
    """Return index.parquet: the rows of ``splits``, in their order, with the facts that subgroups are made of."""
    facts = images.set_index("path")[list(FACTS)]
    return splits.join(facts, on="path", validate="one_to_one")


def fingerprint(spec: PreprocessingSpec, images: "pd.DataFrame") -> str:
    """Hash all that the pixels depend on: specification, files (``path``, ``sha256``), our code, the decoders."""
    package = Path(dicom_router.dicom.__file__).parent
    parts = {
        "specification": spec.to_dict(),
        "images": images[["path", "sha256"]].to_numpy().tolist(),
        "code": [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(package.glob("*.py"))],
        "versions": {name: version(name) for name in DECODERS},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def open_workplace(folder: Path, count: int, size: int) -> Workplace:
    """Return the workplace in ``folder``, as a killed run left it or new."""
    place = Workplace(folder.absolute(), count, size)  # a worker may stand in another folder
    if not (place.array.is_file() and place.journal.is_file()):
        shutil.rmtree(folder, ignore_errors=True)
        place.content.mkdir(parents=True)
        with place.array.open("wb") as file:
            shape = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size)}
            np.lib.format.write_array_header_1_0(file, shape)
            file.truncate(file.tell() + count * size * size)
        place.journal.touch()
    return place


def finished(place: Workplace) -> set[int]:
    """Return the chunks that are done, and cut off a line that a crash left unfinished."""
    whole = [line for line in place.journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
    write_atomically(place.journal, "".join(whole).encode())
    return {int(line) for line in whole}


def images_done(place: Workplace) -> int:
    """Return how many images a killed run left finished."""
    return sum(_length(place, start) for start in finished(place))


def fill(
    place: Workplace, data: Path, paths: Sequence[str], spec: PreprocessingSpec, jobs: int, timeout: float
) -> Iterator[int]:
    """Preprocess what is missing with ``jobs`` processes; yield the number of images of each chunk once it is safe.

    Raises:
        DataError: a file can no longer be read, or not within ``timeout`` seconds.
    """
    done = finished(place)
    missing = [start for start in range(0, place.count, CHUNK) if start not in done]
    rows = (row for start in missing for row in range(start, start + _length(place, start)))
    work = partial(_preprocess_row, place, data.absolute(), spec)  # a process may stand in another folder
    items = ((row, paths[row]) for row in rows)
    with (
        closing(map_in_cells(work, items, workers=workers_for(jobs), timeout=timeout)) as outcomes,
        place.array.open("rb") as array,
        place.journal.open("a") as journal,
    ):
        for start in missing:
            for path in paths[start : start + _length(place, start)]:
                _check(path, next(outcomes))
            os.fsync(array.fileno())  # of what the processes wrote
            journal.write(f"{start}\n")
            journal.flush()
            os.fsync(journal.fileno())
            yield _length(place, start)


def _length(place: Workplace, start: int) -> int:
    """Return how many images the chunk at ``start`` has."""
    return min(CHUNK, place.count - start)


def _preprocess_row(place: Workplace, data: Path, spec: PreprocessingSpec, item: tuple[int, str]) -> Lost | None:
    """Write the pixels of the image at a path as the row of its number."""
    row, path = item
    try:
        pixels = preprocess_file(data / path, spec).pixels
    except UnreadableImage as error:
        return Lost(error.reason, error.detail)
    with place.array.open("r+b") as file:
        file.seek((row - place.count) * place.size * place.size, os.SEEK_END)
        file.write(pixels.data)
    return None


def _check(path: str, outcome: Lost | None) -> None:
    """Accept an image whose pixels are there.

    Raises:
        DataError: they are not.
    """
    if outcome is not None:
        was = f"{outcome.reason}: {outcome.detail}"
        raise DataError(f"{path} was read by validate and is now {was}; run the pipeline again")


def move_into_place(place: Workplace, target: Path, index: "pd.DataFrame", spec: PreprocessingSpec) -> None:
    """Add index and specification to the pixels, move all of it to ``target``, and remove the workplace."""
    index.to_parquet(place.content / "index.parquet", index=False)
    write_json(place.content / "specification.json", spec.to_dict())
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(place.content, target)
    shutil.rmtree(place.folder)
