"""Take one film into the dataset: read it, replace who it belongs to, store it under its pseudonym.

Runs in worker processes, touches one file at a time, and needs no pandas. The pixels
are not decoded here, which takes up to twenty times as long as all else: the pipeline's
first stage decodes every image and quarantines what it cannot.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from dicom_router.dataset.importing import ages, facts
from dicom_router.dataset.importing.deidentifying import NewIdentity, deidentify
from dicom_router.dataset.importing.labelling import Assigned, Entry, Unassigned
from dicom_router.dataset.importing.stripping import strip_jpeg, strip_png
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dicom.attributes import text
from dicom_router.dicom.film import Header
from dicom_router.dicom.parsing import parse
from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.reading import header_in
from dicom_router.dicom.source import load
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason
from dicom_router.storage import write_atomically
from dicom_router.walking import Found

IMAGES: Final = "images"
SUFFIXES: Final = {"dicom": ".dcm", "png": ".png", "jpeg": ".jpg"}


@dataclass(frozen=True)
class Intake:
    """What all films of an import have in common; ``sites`` are the folders that may hold a film already."""

    data: Path
    site: str
    sites: tuple[str, ...]
    pseudonyms: Pseudonyms
    accept_synthetic: bool
    allow_burned_in: bool
    dry_run: bool


@dataclass(frozen=True)
class Film:
    """A film that was taken: the facts of labels.csv, and the original path, which stays with who imports."""

    source: str = field(repr=False)
    image: str
    path: str
    label: str
    patient_id: str
    study_id: str
    split: str
    age_years: float | None
    sex: str
    view: str
    synthetic: bool


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken; ``source`` is an original path and stays with the person who imports."""

    source: str = field(repr=False)
    reason: Reason
    detail: str


@dataclass(frozen=True)
class _Person:
    """Who a file belongs to: a pseudonym, the original study, a coarse age."""

    pseudonym: str
    study_id: str = field(default="", repr=False)
    age_years: float | None = None


def take(found: Found, entry: Entry, intake: Intake) -> Film | Refusal:
    """Take the film that was found, or say why not."""
    try:
        if found.reason is not None:
            raise UnreadableImage(found.reason, found.detail)
        data = _content(found)
        header = header_in(data)
        return _store(str(found.path), data, header, _assigned(entry, header, intake), intake)
    except UnreadableImage as error:
        return Refusal(str(found.path), error.reason, error.detail)


def take_entry(item: tuple[Found, Entry], intake: Intake) -> Film | Refusal:
    """Take the film and its label, which come as one to a worker."""
    return take(*item, intake)


def _content(found: Found) -> bytes:
    """Return the bytes of what was found, in a file or in an archive.

    Raises:
        UnreadableImage: there are none, or they cannot be read.
    """
    if found.data == b"":
        raise UnreadableImage(Reason.EMPTY)
    return load(found.path) if found.data is None else found.data


def _assigned(entry: Entry, header: Header, intake: Intake) -> Assigned:
    """Return the label, once the file is known to be a film that may come in.

    Raises:
        UnreadableImage: it has no label, or is synthetic where it may not be.
    """
    if isinstance(entry, Unassigned):
        raise UnreadableImage(entry.reason, entry.detail)
    if header.synthetic and not intake.accept_synthetic:
        raise UnreadableImage(Reason.SYNTHETIC)
    return entry


def _store(source: str, data: bytes, header: Header, assigned: Assigned, intake: Intake) -> Film:
    """Write the film without identity, unless it is there, and return what labels.csv says about it."""
    digest = hashlib.sha256(data).hexdigest()
    image = intake.pseudonyms.image(digest)
    person, clean = _parted(data, digest, header, assigned, intake)
    path = _stored_path(image, SUFFIXES[header.file_format], intake)
    if not (intake.dry_run or (intake.data / path).exists()):
        write_atomically(intake.data / path, clean, durable=False)
    return Film(
        source=source,
        image=image,
        path=path,
        label=assigned.label,
        patient_id=person.pseudonym,
        study_id=intake.pseudonyms.study(assigned.study_id or person.study_id or digest),
        split=assigned.split,
        age_years=_first(assigned.age_years, person.age_years),
        sex=assigned.sex or facts.sex(header.PatientSex),
        view=assigned.view or facts.view(header.ViewPosition),
        synthetic=header.synthetic,
    )


def _parted(data: bytes, digest: str, header: Header, assigned: Assigned, intake: Intake) -> tuple[_Person, bytes]:
    """Part a file into who it belongs to and the bytes to store."""
    pseudonyms = intake.pseudonyms
    if header.file_format != "dicom":
        strip = strip_png if header.file_format == "png" else strip_jpeg
        return _Person(pseudonyms.patient(assigned.patient_id)), strip(data)
    with quiet():
        person = _person(parse(data).ds, header, assigned, pseudonyms)
        identity = NewIdentity(person.pseudonym, person.age_years, header.synthetic, digest)
        return person, deidentify(data, header, identity, pseudonyms, intake.allow_burned_in)


def _person(ds: Dataset, header: Header, assigned: Assigned, pseudonyms: Pseudonyms) -> _Person:
    """Return who a DICOM file belongs to; a table knows the patient better than the header."""
    examined = next(filter(None, (text(ds, keyword) for keyword in ages.EXAMINATION_DATES)), "")
    age = _first(header.age_years, ages.between(text(ds, "PatientBirthDate"), examined))
    return _Person(
        pseudonym=pseudonyms.patient(assigned.patient_id) or pseudonyms.patient(text(ds, "PatientID")),
        study_id=text(ds, "StudyInstanceUID"),
        age_years=ages.coarse(age),
    )


def _first(*values: float | None) -> float | None:
    """Return the first value that is known."""
    return next((value for value in values if value is not None), None)


def _stored_path(image: str, suffix: str, intake: Intake) -> str:
    """Return where the image is, at whichever site it came in first, or where it will be."""
    paths = [f"{IMAGES}/{site}/{image[:2]}/{image}{suffix}" for site in (intake.site, *intake.sites)]
    return next((path for path in paths if (intake.data / path).exists()), paths[0])
