"""A DICOM file with nothing in it but what ``allowed.py`` names, by the basic profile of PS3.15 Annex E.

Values are copied as they lie in the file, never decoded and written anew, so that
LUT descriptors and paddings cannot change on the way.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)

from dicom_router import __version__
from dicom_router.dataset.importing.ages import age_string
from dicom_router.dataset.importing.allowed import (
    EMPTIED,
    KEPT,
    KEPT_IN_ITEMS,
    KEPT_OF_EMBEDDED_OVERLAYS,
    NEW_UIDS,
    RETAINED,
)
from dicom_router.dataset.importing.burned_in import why_burned_in
from dicom_router.dataset.importing.pixel_data import PIXEL_DATA, stored_pixels
from dicom_router.dataset.importing.values import copy_allowed
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dicom.attributes import items, text
from dicom_router.dicom.film import Header
from dicom_router.dicom.header import SYNTHETIC_MARK
from dicom_router.dicom.overlays import GROUPS
from dicom_router.dicom.parsing import PARSE_ERRORS, DicomFile, parse
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# DeidentificationMethod, values of at most 64 characters, beside the codes of the profile and its options (CID 7050).
METHOD: Final = (
    f"DICOM Imaging Router {__version__}",
    "allow-list stricter than the profile; keyed pseudonyms and UIDs",
    "of patient characteristics only sex and age: years, 90 and over",
    "kept: manufacturer, view, body part, exposure, geometry",
    "text of known words only; burned-in text is not looked for",
)
PROFILE: Final = "BasicApplicationConfidentialityProfile"
OPTIONS: Final = (PROFILE, *dict.fromkeys(RETAINED.values()))

TAGS: Final = frozenset(
    Tag(keyword) for keywords in KEPT.values() for keyword in keywords if keyword not in KEPT_IN_ITEMS
)
TAGS_IN_ITEMS: Final = {
    keyword: frozenset(Tag(inner) for inner in keywords) for keyword, keywords in KEPT_IN_ITEMS.items()
}


@dataclass(frozen=True)
class NewIdentity:
    """What takes the place of a patient's identity in a stored file."""

    patient: str
    age_years: float | None
    synthetic: bool
    digest: str  # of the file's bytes: names study, series and instance where the file does not


def deidentify(
    data: bytes, header: Header, identity: NewIdentity, pseudonyms: Pseudonyms, allow_burned_in: bool = False
) -> bytes:
    """Return a DICOM file with the allowed attributes of ``data`` and a new identity; within ``quiet()``.

    ``data`` is a DICOM file or a bare data set whose ``header`` was found readable.

    Raises:
        UnreadableImage: an attribute that is needed cannot be written, nothing is left to show, or text may be
            burned into the pixels and ``allow_burned_in`` does not say that this is known.
    """
    try:
        return _write(_clean(parse(data), header, identity, pseudonyms, allow_burned_in))
    except PARSE_ERRORS:
        raise UnreadableImage(Reason.CORRUPT) from None


def _clean(
    file: DicomFile, header: Header, identity: NewIdentity, pseudonyms: Pseudonyms, allow_burned_in: bool
) -> Dataset:
    """Build the data set that is stored. Raw elements are copied first: whatever is looked at is decoded by it."""
    ds = file.ds
    clean = copy_allowed(ds, TAGS)
    overlays = _embedded_overlays(ds)
    for keyword, tags in TAGS_IN_ITEMS.items():
        if found := [copy_allowed(item, tags) for item in items(ds, keyword)]:
            clean.add_new(Tag(keyword), "SQ", found)
    why = why_burned_in(ds, header.SOPClassUID)
    pixels = stored_pixels(file, header)
    if pixels.overlays:
        clean.update(overlays)
        why = why or "an overlay lies in bits of the pixels and cannot be taken out of them"
    if why and not allow_burned_in:
        raise UnreadableImage(Reason.BURNED_IN_TEXT, why)
    clean[PIXEL_DATA] = pixels.element
    _identify_anew(clean, ds, identity, pseudonyms)
    clean.file_meta = FileMetaDataset()
    clean.file_meta.TransferSyntaxUID = _transfer_syntax(file)
    clean.file_meta.MediaStorageSOPClassUID = _sop_class(header)
    return clean


def _embedded_overlays(ds: Dataset) -> Dataset:
    """Return what describes overlays that lie in the pixel data's own words."""
    groups = [group for group in GROUPS if (group, 0x0102) in ds and (group, 0x3000) not in ds]
    tags = [BaseTag(group << 16 | element) for group in groups for element in KEPT_OF_EMBEDDED_OVERLAYS]
    return copy_allowed(ds, frozenset(tag for tag in tags if tag in ds))


def _identify_anew(clean: Dataset, ds: Dataset, identity: NewIdentity, pseudonyms: Pseudonyms) -> None:
    """Put pseudonyms, the age and the record of the de-identification into ``clean``."""
    for keyword in EMPTIED:
        setattr(clean, keyword, "")
    for keyword in NEW_UIDS:
        setattr(clean, keyword, pseudonyms.uid(text(ds, keyword) or f"{keyword} of {identity.digest}"))
    clean.PatientID = identity.patient
    if identity.age_years is not None:
        clean.PatientAge = age_string(identity.age_years)
    if identity.synthetic:
        clean.ImageComments = SYNTHETIC_MARK
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = list(METHOD)
    clean.DeidentificationMethodCodeSequence = [_code(name) for name in OPTIONS]
    clean.LongitudinalTemporalInformationModified = "REMOVED"


def _code(name: str) -> Dataset:
    """Return an item for the method that pydicom calls ``name`` in CID 7050 (PS3.16)."""
    code = getattr(codes.cid7050, name)
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _transfer_syntax(file: DicomFile) -> UID:
    """Return the transfer syntax of ``file``, by the way it was read where the file does not say."""
    if file.TransferSyntaxUID:
        return UID(file.TransferSyntaxUID)
    implicit, little_endian = file.ds.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian


def _sop_class(header: Header) -> UID:
    """Return the SOP class that the file must name; what names none is stored as a secondary capture."""
    return UID(header.SOPClassUID) if header.SOPClassUID else SecondaryCaptureImageStorage


def _write(clean: Dataset) -> bytes:
    """Write a DICOM file with a preamble of zeros."""
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, clean, enforce_file_format=True)
    return buffer.getvalue()
