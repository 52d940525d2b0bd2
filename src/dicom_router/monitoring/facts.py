"""What a file's header says, as the import would store it: pseudonyms, coarse ages, words of known vocabularies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_router.body_parts import WORD
from dicom_router.dataset.importing import ages, facts
from dicom_router.dataset.importing.values import TEXT
from dicom_router.dataset.importing.vocabularies import VOCABULARIES
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dicom.attributes import text
from dicom_router.dicom.film import Header
from dicom_router.dicom.header import header_of
from dicom_router.dicom.parsing import parse
from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.reading import header_in
from dicom_router.dicom.source import file_format
from dicom_router.errors import UnreadableImage

WORDED: Final = ("Modality", "Manufacturer", "BodyPartExamined", "PhotometricInterpretation")
LONGEST: Final = 16  # characters of a short text in the log
UNKNOWN: Final[Mapping[str, Any]] = {
    "file_format": "",
    "TransferSyntaxUID": "",
    "SOPClassUID": "",
    **dict.fromkeys(WORDED, ""),
    "view": "",
    "sex": "",
    "age_years": None,
    "Rows": None,
    "Columns": None,
    "BitsStored": None,
    "synthetic": False,
}


@dataclass(frozen=True)
class Person:
    """Who a film shows, in pseudonyms, and which film it is; "" where the file does not say."""

    patient: str = ""
    study: str = ""
    instance: str = ""
    accession: str = ""


def read_facts(content: bytes, digest: str, pseudonyms: Pseudonyms) -> tuple[Person, Mapping[str, Any], Header | None]:
    """Return who a file of these bytes belongs to, what its header says in the columns of the log, and its header.

    A header that cannot be read says nothing, and one that belongs to no radiograph says what it can.
    ``digest``, of the bytes, takes the place of a study that is not named, as at import.
    """
    person = Person(study=pseudonyms.study(digest))
    try:
        if file_format(content) != "dicom":
            header = header_in(content)
            return person, columns(header, None), header
        with quiet():
            file = parse(content)
            header, ds = header_of(file), file.ds
            person = Person(
                patient=pseudonyms.patient(text(ds, "PatientID")),
                study=pseudonyms.study(text(ds, "StudyInstanceUID") or digest),
                instance=_instance(text(ds, "SOPInstanceUID"), pseudonyms),
                accession=pseudonyms.accession(text(ds, "AccessionNumber")),
            )
            return person, columns(header, _age(ds)), header
    except UnreadableImage:
        return person, UNKNOWN, None


def columns(header: Header, age_years: float | None) -> Mapping[str, Any]:
    """Return what may be stored of ``header``; ``age_years``, from two dates, stands where it names no age."""
    return {
        "file_format": header.file_format,
        "TransferSyntaxUID": standard_uid(header.TransferSyntaxUID),
        "SOPClassUID": standard_uid(header.SOPClassUID),
        **{keyword: known_words(keyword, getattr(header, keyword)) for keyword in WORDED},
        "view": facts.view(header.ViewPosition)[: 4 * LONGEST],
        "sex": facts.sex(header.PatientSex),
        "age_years": ages.coarse(age_years if header.age_years is None else header.age_years),
        "Rows": _count(header.Rows),
        "Columns": _count(header.Columns),
        "BitsStored": _count(header.BitsStored),
        "synthetic": header.synthetic,
    }


def known_words(keyword: str, value: str) -> str:
    """Return ``value`` if every word of it is one that ``keyword`` may hold, and else ""."""
    longest = LONGEST if keyword in ("Modality", "PhotometricInterpretation") else 4 * LONGEST
    plain = (
        len(value) <= longest and value.isprintable() and TEXT.fullmatch(value.encode("ascii", "replace")) is not None
    )
    return value if plain and set(WORD.findall(value.upper())) <= VOCABULARIES[keyword] else ""


def standard_uid(value: str) -> str:
    """Return ``value`` if DICOM's dictionary of UIDs (PS3.6 Annex A) names it, and else ""."""
    return value if UID(value).name != value else ""


def _instance(uid: str, pseudonyms: Pseudonyms) -> str:
    return pseudonyms.uid(uid) if uid else ""


def _count(value: int) -> int | None:
    """Return a number of 16 bits, as these attributes are (PS3.3 C.7.6.3); a damaged header may hold any."""
    return value if 0 <= value < 1 << 16 else None


def _age(ds: Dataset) -> float | None:
    examined = next(filter(None, (text(ds, keyword) for keyword in ages.EXAMINATION_DATES)), "")
    return ages.between(text(ds, "PatientBirthDate"), examined)
