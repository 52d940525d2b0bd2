"""The sample on disk: films streamed from the plan to files by several processes, then the table of labels."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from joblib import Parallel, delayed

from dicom_router.dataset.pseudonyms import DEMO_KEY, fingerprint
from dicom_router.dataset.table import (
    LABELS,
    ORIGIN,
    Cohort,
    Origin,
    read_labels,
    read_origin,
    write_labels,
    write_origin,
)
from dicom_router.errors import DataError, MixedOrigin
from dicom_router.sample.cohort import Order, plan
from dicom_router.sample.dice import Dice
from dicom_router.sample.dicom_file import CRHeader, DXHeader, dicom_bytes
from dicom_router.sample.exams import EXAMS, Exam
from dicom_router.sample.film import make_film
from dicom_router.sample.hospital import HOSPITALS, Hospital
from dicom_router.sample.storing import draw_storage, stored_values
from dicom_router.storage import write_atomically

_PORTRAIT: Final = 0.6
_ASPECTS: Final = {1.0: 0.2, 0.9: 0.15, 0.82: 0.45, 0.75: 0.2}


@dataclass(frozen=True)
class Row:
    """What labels.csv says about one film."""

    path: str
    label: str
    patient_id: str
    study_id: str
    site: str
    cohort: Cohort
    age_years: float
    sex: str
    view: str
    batch: int = 1
    split: str = ""


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


def make_file(order: Order) -> tuple[bytes, Row]:
    """Return the film of ``order`` as the bytes of a DICOM file, and its row."""
    hospital = HOSPITALS[order.patient.cohort]
    dice = order.storage_dice()
    shape = _shape(hospital, dice)
    storage = draw_storage(hospital.archive, dice)
    side = order.exam.view
    # A DX file names the projection and a CR file does not. Classes differ in their share of lateral views;
    # in the share of DX files that show one they do not, so that the header tells nothing of the class.
    dx = dice.chance(hospital.archive.dx[side] / _share(order.exam))
    film = make_film(order.exam, order.patient.body, hospital, shape, order.content_dice())
    row = Row(
        path=f"images/{hospital.site}/{order.image_id[:2]}/{order.image_id}.dcm",
        label=order.label,
        patient_id=order.patient.identifier,
        study_id=order.study_id,
        site=hospital.site,
        cohort=order.patient.cohort,
        age_years=order.patient.body.age,
        sex=order.patient.sex,
        view=film.position,
    )
    header = DXHeader(film.position, film.orientation) if dx else CRHeader()
    return dicom_bytes(order, storage, stored_values(film.pixels, storage), header), row


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


def _shape(hospital: Hospital, dice: Dice) -> tuple[int, int]:
    """Return the film's height and width, whatever it shows."""
    long = dice.integer(*hospital.detector.long_side)
    short = int(long * dice.pick(_ASPECTS))
    return (long, short) if dice.chance(_PORTRAIT) else (short, long)


def _share(exam: Exam) -> float:
    """Return how often films of the examination's group have its view."""
    return sum(other.weight for other in EXAMS if other.group == exam.group and other.view == exam.view)
