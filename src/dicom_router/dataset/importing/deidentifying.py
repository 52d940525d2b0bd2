"""A DICOM file with nothing in it but what ``allowed.py`` names; pixel data stay as they are, byte for byte.

Values are copied as they lie in the file, never decoded and written anew, so that
LUT descriptors, paddings and encapsulated frames cannot change on the way.
"""

import re
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
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
from dicom_router.dataset.importing.allowed import EMPTIED, KEPT, KEPT_IN_ITEMS, KEPT_OF_EMBEDDED_OVERLAYS
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dicom.attributes import text
from dicom_router.dicom.fragments import join_fragments
from dicom_router.dicom.header import SYNTHETIC_MARK
from dicom_router.dicom.parsing import PARSE_ERRORS, UNDEFINED_LENGTH
from dicom_router.dicom.source import has_preamble
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

METHOD: Final = f"DICOM Imaging Router {__version__}: allow-list, keyed pseudonyms"

# What a value may look like, by value representation; one that does not is left behind. Text must look
# like a code or a maker's name: no "^", which parts a person's name, and nothing but ASCII.
NUMBER: Final = re.compile(rb"[0-9eE+\-. \\\0]*")
TEXT: Final = re.compile(rb"[A-Za-z0-9 _.,:;/()&+\-\\\0]*")
IDENTIFIER: Final = re.compile(rb"[0-9.]*[\0 ]?")
ANYTHING: Final = re.compile(rb".*", re.DOTALL)
ACCEPTED: Final = {
    **dict.fromkeys(("DS", "IS"), NUMBER),
    **dict.fromkeys(("CS", "LO", "SH"), TEXT),
    "UI": IDENTIFIER,
    **dict.fromkeys(("US", "SS", "UL", "SL", "FL", "FD", "OB", "OW", "OV", "UV"), ANYTHING),
}
DELIMITER: Final = b"\xfe\xff\xdd\xe0\0\0\0\0"  # the end of a sequence of items, little endian
LONGEST_TEXT: Final = 256  # bytes, of all values of an attribute

TAGS: Final = frozenset(Tag(keyword) for keywords in KEPT.values() for keyword in keywords)
TAGS_IN_ITEMS: Final = {
    Tag(sequence): frozenset(Tag(keyword) for keyword in keywords) for sequence, keywords in KEPT_IN_ITEMS.items()
}
OVERLAY_GROUPS: Final = range(0x6000, 0x6020, 2)
OVERLAY_DATA: Final = 0x3000


@dataclass(frozen=True)
class NewIdentity:
    """What takes the place of a patient's identity in a stored file."""

    patient: str
    age_years: float | None
    synthetic: bool
    digest: str  # of the file's bytes: names study, series and instance where the file does not


def open_dicom(data: bytes) -> FileDataset:
    """Parse all of ``data``, a DICOM file or a bare data set, whose header was found readable; within ``quiet()``.

    The delimiter behind encapsulated pixel data is added where a writer forgot it.

    Raises:
        UnreadableImage: the file is damaged behind its header.
    """
    try:
        ds = _parse(data)
        return ds if "PixelData" in ds else _parse(data + DELIMITER)
    except PARSE_ERRORS:
        raise UnreadableImage(Reason.CORRUPT) from None


def _parse(data: bytes) -> FileDataset:
    return pydicom.dcmread(BytesIO(data), force=not has_preamble(data))


def deidentify(ds: FileDataset, identity: NewIdentity, pseudonyms: Pseudonyms) -> bytes:
    """Return a DICOM file with the allowed attributes of ``ds`` and a new identity; within ``quiet()``.

    Raises:
        UnreadableImage: an attribute that is needed cannot be written, or nothing is left to show.
    """
    try:
        return _write(_clean(ds, identity, pseudonyms))
    except PARSE_ERRORS:
        raise UnreadableImage(Reason.CORRUPT) from None


def _clean(ds: FileDataset, identity: NewIdentity, pseudonyms: Pseudonyms) -> Dataset:
    """Build the data set that is stored."""
    clean = _allowed(ds, TAGS)
    for sequence, tags in TAGS_IN_ITEMS.items():
        if sequence in ds:
            clean.add_new(sequence, "SQ", [_allowed(item, tags) for item in ds[sequence].value])
    for tag in _embedded_overlay_tags(ds):
        clean[tag] = ds.get_item(tag)
    _identify_anew(clean, ds, identity, pseudonyms)
    clean.file_meta = FileMetaDataset()
    clean.file_meta.TransferSyntaxUID = _transfer_syntax(ds)
    clean.file_meta.MediaStorageSOPClassUID = _sop_class(clean, ds)
    return clean


def _allowed(source: Dataset, tags: frozenset[BaseTag]) -> Dataset:
    """Copy the elements of ``source`` with one of ``tags`` whose raw value is what its representation allows."""
    clean = Dataset()
    clean.set_original_encoding(*source.original_encoding)
    for tag in tags.intersection(source.keys()):  # keys(): iterating over a data set would decode it
        element = source.get_item(tag)
        if isinstance(element, RawDataElement) and _acceptable(element):
            clean[tag] = element
    return clean


def _acceptable(element: RawDataElement) -> bool:
    """Say whether the value is of a kind, a form and a length that an allowed attribute has."""
    representation = dictionary_VR(element.tag) if element.VR in (None, "UN") else str(element.VR)
    pattern = ACCEPTED.get(representation.split(" or ")[0])
    if pattern is None:
        return False
    value = element.value or b""
    return pattern is ANYTHING or (len(value) <= LONGEST_TEXT and pattern.fullmatch(value) is not None)


def _embedded_overlay_tags(ds: Dataset) -> list[BaseTag]:
    """List the tags that describe overlays lying in the pixel data's own words."""
    groups = [group for group in OVERLAY_GROUPS if (group, 0x0102) in ds and (group, OVERLAY_DATA) not in ds]
    tags = [Tag(group, element) for group in groups for element in KEPT_OF_EMBEDDED_OVERLAYS]
    return [tag for tag in tags if tag in ds]


def _identify_anew(clean: Dataset, ds: Dataset, identity: NewIdentity, pseudonyms: Pseudonyms) -> None:
    """Put pseudonyms, the age and the record of the de-identification into ``clean``."""
    for keyword in EMPTIED:
        setattr(clean, keyword, "")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(clean, keyword, pseudonyms.uid(text(ds, keyword) or identity.digest))
    clean.PatientID = identity.patient
    if identity.age_years is not None:
        clean.PatientAge = age_string(identity.age_years)
    if identity.synthetic:
        clean.ImageComments = SYNTHETIC_MARK
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD
    clean.LongitudinalTemporalInformationModified = "REMOVED"


def _transfer_syntax(ds: FileDataset) -> UID:
    """Return the transfer syntax of ``ds``, by the way it was read where the file does not say."""
    stated = ds.file_meta.get("TransferSyntaxUID")
    if stated:
        return UID(str(stated))
    implicit, little_endian = ds.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian


def _sop_class(clean: Dataset, ds: FileDataset) -> UID:
    """Return the SOP class that the file must name; what names none is stored as a secondary capture."""
    stated = text(clean, "SOPClassUID") or text(ds.file_meta, "MediaStorageSOPClassUID")
    return UID(stated) if UID(stated).is_valid else SecondaryCaptureImageStorage


def _write(clean: Dataset) -> bytes:
    """Write a DICOM file with a preamble of zeros."""
    _require_whole_pixels(clean)
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, clean, enforce_file_format=True)
    return buffer.getvalue()


def _require_whole_pixels(clean: Dataset) -> None:
    """Make sure that the pixel data are as long as their own length fields say.

    Raises:
        UnreadableImage: there are none, or they are cut short.
    """
    if "PixelData" not in clean:
        raise UnreadableImage(Reason.NO_PIXELS)
    pixels = clean.get_item("PixelData")
    assert isinstance(pixels, RawDataElement) and pixels.value is not None
    if pixels.length == UNDEFINED_LENGTH:
        join_fragments(memoryview(pixels.value))
    elif len(pixels.value) < pixels.length:
        raise UnreadableImage(Reason.TRUNCATED)
