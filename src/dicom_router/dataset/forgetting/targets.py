"""Who is to be forgotten: a patient, by pseudonym or original PatientID, or single films by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import pandas as pd

from dicom_router.dataset.pseudonyms import KEY_VARIABLE, Pseudonyms, require_same_key
from dicom_router.dataset.pseudonyms import is_placeholder as names_nobody
from dicom_router.dataset.rows import is_placeholder
from dicom_router.dataset.scanning import unlisted_files
from dicom_router.dataset.table import LABELS, read_labels, read_origin
from dicom_router.errors import DataError

NAMELESS: Final = (".png", ".jpg")  # suffixes of stored films without a header


@dataclass(frozen=True)
class Target:
    """The films to take out, by path relative to data/; ``patient`` is a pseudonym, "" where films were named."""

    patient: str
    paths: tuple[str, ...]
    understood: str

    @property
    def images(self) -> tuple[str, ...]:
        """Return the names of the films, without folder and suffix."""
        return tuple(PurePosixPath(path).stem for path in self.paths)


def patient_target(data: Path, patient: str, key: str) -> Target:
    """Return all films of ``patient``, also those of their studies that name nobody, and files without a row.

    Raises:
        DataError: nobody in labels.csv is meant.
        PseudonymKeyError: an original PatientID cannot be recognised: ``key`` is not the dataset's.
    """
    labels = read_labels(data)
    pseudonym, understood = _recognise(data, labels, patient.strip(), key)
    rows = labels[_belongs(labels, pseudonym)]
    return Target(pseudonym, (*rows["path"], *_unlisted(data, labels, pseudonym)), understood)


def image_target(data: Path, names: Sequence[str]) -> Target:
    """Return the films with these ``names``: paths as in labels.csv or file names, with or without suffix.

    Raises:
        DataError: a name fits no film, or more than one.
    """
    labels = read_labels(data)
    paths = tuple(dict.fromkeys(_film(list(labels["path"]), name) for name in names))
    return Target("", paths, "by the names of the films")


def _recognise(data: Path, labels: pd.DataFrame, patient: str, key: str) -> tuple[str, str]:
    """Return the pseudonym that ``patient`` is or has, and how it was understood; no message repeats it."""
    known = set(labels["patient_id"])
    if names_nobody(patient):
        raise DataError("this names nobody: give a PatientID, a pseudonym, or films with --image")
    if patient in known:
        return patient, f"as a pseudonym of {LABELS}"
    if not key:
        raise DataError(
            f"no patient of {data / LABELS} has this pseudonym. If it is an original PatientID, set {KEY_VARIABLE} to "
            "the key that the films were imported with: the pseudonym follows from both"
        )
    pseudonyms = pseudonyms_of(data, patient, key)
    require_same_key(key, read_origin(data).pseudonym_key_fingerprint)
    found = [pseudonym for pseudonym in pseudonyms if pseudonym in known]
    if not found:
        raise DataError(
            f"no patient of {data / LABELS} has this pseudonym or this PatientID (which would be "
            f"{' or '.join(pseudonyms)}). An earlier version may hold a patient whom this one does not: `dicom-router "
            "dataset diff REV --paths` lists what went since, `dvc gc --workspace` takes it out of DVC's cache"
        )
    if len(found) > 1:
        raise DataError(
            f"{len(found)} patients have this PatientID, each in another domain of patient numbers: give the pseudonym "
            f"instead. {', '.join(f'{one} is of {pseudonyms[one]}' for one in found)}"
        )
    return found[0], "as an original PatientID, under the key of this dataset"


def pseudonyms_of(data: Path, patient: str, key: str) -> dict[str, str]:
    """Return what the PatientID ``patient`` may have become, with the domain of patient numbers for which it did.

    Raises:
        PseudonymKeyError: ``key`` is too short for one.
    """
    known = sorted(set(read_origin(data).patient_domains.values()))
    domains = {"": "no --patient-domain", **{domain: f"--patient-domain {domain}" for domain in known}}
    return {Pseudonyms(key, domain).patient(patient): words for domain, words in domains.items()}


def _belongs(labels: pd.DataFrame, pseudonym: str) -> "pd.Series[bool]":
    """Say which rows are the patient's: films without a patient belong to whom their study names."""
    own = labels["patient_id"] == pseudonym
    studies = labels.loc[own & ~is_placeholder(labels["study_id"]), "study_id"]
    return own | (is_placeholder(labels["patient_id"]) & labels["study_id"].isin(studies))


def _unlisted(data: Path, labels: pd.DataFrame, pseudonym: str) -> Iterable[str]:
    """Yield files that an interrupted import left without a row: the patient's, and those that name nobody.

    A PNG or JPEG has no header that says whose it is; the same import brings in again what was somebody else's.
    """
    for path in unlisted_files(data, list(labels["path"])):
        file = data / path
        if file.is_file() and (file.suffix in NAMELESS or pseudonym.encode() in file.read_bytes()):
            yield path


def _film(paths: Sequence[str], name: str) -> str:
    """Return the one path that ``name`` names."""
    pure = PurePosixPath(name)
    fits = [path for path in paths if name == path or pure == PurePosixPath(PurePosixPath(path).name)]
    fits = fits or [path for path in paths if name == PurePosixPath(path).stem]
    if len(fits) != 1:
        raise DataError(
            f"{len(fits) or 'no'} films of {LABELS} are called {name!r}; give the column path, or the file's name"
        )
    return fits[0]
