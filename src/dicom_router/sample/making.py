"""From an order to a file: the film, how it is stored, and what the table of labels says about it."""

from dataclasses import dataclass
from math import fsum
from typing import Final

from dicom_router.dataset.table import Cohort
from dicom_router.sample.cohort import Order
from dicom_router.sample.dice import Dice
from dicom_router.sample.dicom_file import CRHeader, DXHeader, dicom_bytes
from dicom_router.sample.exams import EXAMS, Exam
from dicom_router.sample.film import Film, make_film
from dicom_router.sample.hospital import HOSPITALS, Hospital
from dicom_router.sample.storing import draw_storage, stored_values

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


def film_of(order: Order) -> Film:
    """Return the film of ``order``."""
    hospital = HOSPITALS[order.patient.cohort]
    shape = _shape(hospital, order.storage_dice())
    return make_film(order.exam, order.patient.body, hospital, shape, order.content_dice())


def make_file(order: Order) -> tuple[bytes, Row]:
    """Return the film of ``order`` as the bytes of a DICOM file, and its row."""
    hospital = HOSPITALS[order.patient.cohort]
    dice = order.storage_dice()
    shape = _shape(hospital, dice)
    storage = draw_storage(hospital.archive, dice)
    # A DX file names the projection and a CR file does not. Classes differ in their share of lateral views;
    # in the share of DX files that show one they do not, so that the header tells nothing of the class.
    dx = dice.chance(hospital.archive.dx[order.exam.view] / _share(order.exam))
    film = make_film(order.exam, order.patient.body, hospital, shape, order.content_dice())
    header = DXHeader(film.position, film.orientation) if dx else CRHeader()
    return dicom_bytes(order, storage, stored_values(film.pixels, storage), header), _row(order, hospital, film)


def _row(order: Order, hospital: Hospital, film: Film) -> Row:
    return Row(
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


def _shape(hospital: Hospital, dice: Dice) -> tuple[int, int]:
    """Return the film's height and width, whatever it shows."""
    long = dice.integer(*hospital.detector.long_side)
    short = int(long * dice.pick(_ASPECTS))
    return (long, short) if dice.chance(_PORTRAIT) else (short, long)


def _share(exam: Exam) -> float:
    """Return how often films of the examination's group have its view."""
    return fsum(other.weight for other in EXAMS if other.group == exam.group and other.view == exam.view)
