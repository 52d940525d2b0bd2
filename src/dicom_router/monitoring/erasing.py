"""A patient taken out of the prediction log: rows, and the features and thumbnails that hang on them."""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select

from dicom_router.dataset.pseudonyms import fingerprint, is_placeholder
from dicom_router.errors import DataError
from dicom_router.monitoring.keys import pseudonyms_by_site
from dicom_router.monitoring.log.records import PredictionLog, opened_existing, opened_to_read
from dicom_router.monitoring.log.tables import FEEDBACK, PREDICTIONS

NOBODY: Final = ""  # the patient of a film that names none
AT_ONCE: Final = 4096


@dataclass(frozen=True)
class Found:
    """What the log holds of a patient."""

    patients: frozenset[str]  # pseudonyms: one, but for sites that number their patients each for itself
    films: int
    rows: int  # of each film, one for each version of the model


@contextmanager
def opened_to_erase(address: str, key: str) -> Iterator[PredictionLog]:
    """Open the log at ``address``, which must be there and, where there is a ``key``, of that key.

    Raises:
        LogError: it is not there, or the database refuses.
        PseudonymKeyError: the pseudonyms in it were made with another key.
    """
    with opened_existing(address, fingerprint(key)) if key else opened_to_read(address) as log:
        yield log


def find_patient(log: PredictionLog, patient: str, key: str, data: Path) -> Found:
    """Return what the log holds of ``patient``: a pseudonym or, where there is a ``key``, an original PatientID.

    Films that name nobody count where their study is the patient's. ``data`` says whose numbers a site uses.

    Raises:
        DataError: ``patient`` names nobody, or nobody in the log; no message repeats the name.
    """
    name = patient.strip()
    if is_placeholder(name):
        raise DataError("this names nobody: give a PatientID, or a pseudonym as the log has it")
    names = {name, *(_pseudonyms(log, name, key, data) if key else ())}
    known = frozenset(_column(log, select(PREDICTIONS.c.patient).where(PREDICTIONS.c.patient.in_(names)).distinct()))
    if not known:
        unless = (
            "" if key else ". If it is an original PatientID, set the key of the pseudonyms: the name follows from both"
        )
        raise DataError(f"nobody in the prediction log has this name{unless}")
    counts = select(func.count(PREDICTIONS.c.image.distinct()).label("films"), func.count().label("rows"))
    (row,) = log.rows(counts.where(_belongs(known)), AT_ONCE)
    return Found(known, row["films"], row["rows"])


def erase(log: PredictionLog, found: Found) -> None:
    """Remove every row of ``found``; the database removes with it what hangs on it."""
    theirs = select(PREDICTIONS.c.image).where(_belongs(found.patients))
    log.execute(FEEDBACK.delete().where(FEEDBACK.c.image.in_(theirs)))
    log.execute(PREDICTIONS.delete().where(_belongs(found.patients)))


def _pseudonyms(log: PredictionLog, patient: str, key: str, data: Path) -> set[str]:
    """Return what ``patient`` is called at any site."""
    sites = _column(log, select(PREDICTIONS.c.site).distinct())
    return {pseudonyms.patient(patient) for pseudonyms in pseudonyms_by_site(key, data, sites).values()}


def _column(log: PredictionLog, wanted: Select[Any]) -> list[str]:
    return [value for row in log.rows(wanted, AT_ONCE) for value in row.values()]


def _belongs(patients: Set[str]) -> ColumnElement[bool]:
    own = PREDICTIONS.c.patient.in_(patients)
    theirs = PREDICTIONS.c.study.in_(select(PREDICTIONS.c.study).where(own))
    return or_(own, (PREDICTIONS.c.patient == NOBODY) & theirs)
