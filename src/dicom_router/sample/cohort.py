"""Who comes to the two hospitals, and which films are made of them: the plan of the sample, patient by patient.

Every patient and every film has a random stream of its own, chosen by the seed
and its number. A larger sample therefore begins with the films of a smaller one.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from dicom_router.dataset.pseudonyms import DEMO_KEY, Pseudonyms
from dicom_router.dataset.table import Cohort
from dicom_router.sample.dice import Dice
from dicom_router.sample.exams import Exam, exams_of
from dicom_router.sample.physique import Physique, draw_physique

ADULT_FROM: Final = 18.0  # years; younger chests are pediatric_chest
EXTERNAL_SHARE: Final = 0.2
_CHILDREN: Final = 0.4
_YOUNG: Final = {(0.0, 1.0): 0.25, (1.0, 3.0): 0.27, (3.0, 7.0): 0.27, (7.0, 12.0): 0.15, (12.0, 18.0): 0.06}
_GROUPS: Final[dict[bool, dict[str, float]]] = {  # is an adult: so that the five classes come out even
    False: {"chest": 0.5, "abdomen": 1 / 6, "spine": 1 / 6, "other": 1 / 6},
    True: {"chest": 1 / 3, "abdomen": 2 / 9, "spine": 2 / 9, "other": 2 / 9},
}
_STUDIES: Final = {1: 0.7, 2: 0.25, 3: 0.05}
_FILMS: Final = {1: 0.6, 2: 0.4}  # of a study
_PATIENT, _BODY, _FILM, _STORAGE = range(1, 5)  # kinds of streams


@dataclass(frozen=True)
class Patient:
    """A person who does not exist."""

    number: int
    identifier: str  # pseudonym
    cohort: Cohort
    body: Physique

    @property
    def sex(self) -> str:
        """Return DICOM's PatientSex."""
        return "F" if self.body.female else "M"


@dataclass(frozen=True)
class Order:
    """One film to make."""

    seed: int
    patient: Patient
    study: int  # number within the patient
    film: int  # number within the patient
    exam: Exam

    @property
    def label(self) -> str:
        """Return the class."""
        if self.exam.group != "chest":
            return self.exam.group
        return "adult_chest" if self.patient.body.age >= ADULT_FROM else "pediatric_chest"

    @property
    def study_id(self) -> str:
        """Return the study's pseudonym."""
        return _PSEUDONYMS.study(f"{self.seed}/{self.patient.number}/{self.study}")

    @property
    def image_id(self) -> str:
        """Return the name under which the film is stored."""
        return _PSEUDONYMS.image(hashlib.sha256(self._key.encode()).hexdigest())

    def uid(self, kind: str) -> str:
        """Return a UID for the ``kind`` of thing: the same in every sample of this seed."""
        part = {"study": f"{self.study}", "series": f"{self.study}"}.get(kind, f"{self.study}/{self.film}")
        return _PSEUDONYMS.uid(f"sample/{kind}/{self.seed}/{self.patient.number}/{part}")

    def content_dice(self) -> Dice:
        """Return the stream that decides what the film shows."""
        return Dice(self.seed, _FILM, self.patient.number, self.film)

    def storage_dice(self) -> Dice:
        """Return the stream that decides how it is stored: another one, so that storage tells nothing of content."""
        return Dice(self.seed, _STORAGE, self.patient.number, self.film)

    @property
    def _key(self) -> str:
        return f"sample/{self.seed}/{self.patient.number}/{self.film}"


_PSEUDONYMS: Final = Pseudonyms(DEMO_KEY)


def plan(seed: int, images: int) -> Iterator[Order]:
    """Return the first ``images`` films of the sample ``seed``."""
    return islice((order for number in count() for order in _orders(seed, number)), images)


def _orders(seed: int, number: int) -> Iterator[Order]:
    """Return the films of the patient ``number``."""
    dice = Dice(seed, _PATIENT, number, 1)
    patient = _patient(seed, number, dice)
    adult = patient.body.age >= ADULT_FROM
    film = 0
    for study in range(1, dice.pick(_STUDIES) + 1):
        exams = exams_of(dice.pick(_GROUPS[adult]))
        for _ in range(dice.pick(_FILMS)):
            film += 1
            yield Order(seed, patient, study, film, dice.pick(exams))


def _patient(seed: int, number: int, dice: Dice) -> Patient:
    identifier = _PSEUDONYMS.patient(f"sample/{seed}/{number}")
    cohort: Cohort = "external" if dice.chance(EXTERNAL_SHARE) else "internal"
    age = dice.uniform(*dice.pick(_YOUNG)) if dice.chance(_CHILDREN) else dice.uniform(18.0, 95.0)
    age = round(age, 1) if age < 3.0 else float(int(age))
    female = dice.chance(0.5)
    return Patient(number, identifier, cohort, draw_physique(Dice(seed, _BODY, number, 1), age, female))
