"""The sample on disk: films streamed from the plan to files by several processes, then the table of labels."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed

from dicom_router.dataset.pseudonyms import DEMO_KEY, fingerprint
from dicom_router.dataset.table import (
    LABELS,
    ORIGIN,
    Origin,
    read_labels,
    read_origin,
    write_labels,
    write_origin,
)
from dicom_router.errors import DataError, MixedOrigin
from dicom_router.sample.cohort import Order, plan
from dicom_router.sample.making import Row, make_file
from dicom_router.storage import write_atomically


@dataclass(frozen=True)
class Sample:
    """Which sample: ``images`` films of the ``seed``."""

    images: int
    seed: int

    @property
    def origin(self) -> Origin:
        """Return what dataset.json says about it."""
        words = f"synthetic radiographs of nobody: `dicom-router sample --images {self.images} --seed {self.seed}`"
        return Origin(synthetic=True, description=words, pseudonym_key_fingerprint=fingerprint(DEMO_KEY))


def write_sample(sample: Sample, data: Path, jobs: int) -> Iterator[Row]:
    """Write the ``sample`` into the folder ``data``, film by film in the plan's order, and labels.csv when it ends.

    Films that are there already are made again, to the same bytes.

    Raises:
        DataError: ``data`` holds another sample, or a damaged dataset.
        MixedOrigin: ``data`` holds real films.
    """
    _require_room(sample, data)
    write_origin(data, sample.origin)
    rows = []
    for row in _made(plan(sample.seed, sample.images), data, jobs):
        rows.append(row)
        yield row
    os.sync()
    write_labels(data, pd.DataFrame(rows))


def is_complete(sample: Sample, data: Path) -> bool:
    """Say whether ``data`` is this very ``sample``, with all of its files.

    Raises:
        DataError: its labels.csv or dataset.json is damaged.
    """
    if not (data / LABELS).exists() or not (data / ORIGIN).exists() or read_origin(data) != sample.origin:
        return False
    labels = read_labels(data)
    return len(labels) == sample.images and all((data / path).is_file() for path in labels["path"])


def _require_room(sample: Sample, data: Path) -> None:
    """Refuse to write into another dataset."""
    if not (data / ORIGIN).exists():
        if (data / LABELS).exists():
            raise DataError(f"{data / ORIGIN} is missing although {LABELS} is there; restore it with `dvc checkout`")
        return
    origin = read_origin(data)
    if not origin.synthetic:
        raise MixedOrigin(
            f"{data} holds real films ({origin.description}), and synthetic ones must not join them.\n"
            f"To keep both:           write the sample elsewhere: dicom-router sample OTHER_FOLDER\n"
            f"To replace your films:  rm -rf {data} {data}.dvc   and make the sample again."
        )
    if origin != sample.origin:
        raise DataError(
            f"{data} holds another dataset: {origin.description}.\n"
            f"To replace it:  rm -rf {data} {data}.dvc   and make the sample again; or name another folder."
        )


def _made(orders: Iterable[Order], data: Path, jobs: int) -> Iterator[Row]:
    """Make ``orders`` in ``jobs`` processes; rows come in the order of the plan."""
    if jobs == 1:
        return (_write(order, data) for order in orders)
    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=8, pre_dispatch="4*n_jobs")
    return iter(parallel(delayed(_write)(order, data) for order in orders))


def _write(order: Order, data: Path) -> Row:
    content, row = make_file(order)
    write_atomically(data / row.path, content, durable=False)
    return row
