"""What is stored against the basic profile of PS3.15 (table E.1-1, edition 2026c, as dicom-anonymizer has it)."""

from pathlib import Path

import pydicom
import pytest
from dataset.hospital import bring, dicom
from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from dicom_router.dataset.importing.allowed import (
    EMPTIED,
    KEPT,
    KEPT_IN_ITEMS,
    KEPT_OF_EMBEDDED_OVERLAYS,
    NEW_UIDS,
    PSEUDONYMOUS,
    RETAINED,
)
from dicom_router.dataset.importing.labelling import OneLabel
from dicom_router.dataset.importing.vocabularies import VOCABULARIES

TABLE = {
    name.removesuffix("_TAGS"): entries
    for name, entries in dicom_anonymization_database_selector("dicomfields_2026c").items()
    if name != "ALL_TAGS"
}
KEPT_KEYWORDS = sorted({keyword for group in (*KEPT.values(), *KEPT_IN_ITEMS.values()) for keyword in group})


def action(tag: int) -> str:
    """Return what the profile does with an attribute: X, Z, D, U or a choice of them; "" where it keeps it."""
    group, element = tag >> 16, tag & 0xFFFF
    return next((name for name, entries in TABLE.items() if any(_is(group, element, *entry) for entry in entries)), "")


def _is(group: int, element: int, of_group: int, of_element: int, masked: int = 0xFFFF, mask: int = 0xFFFF) -> bool:
    return (group & masked, element & mask) == (of_group, of_element)


@pytest.mark.parametrize("keyword", KEPT_KEYWORDS)
def test_what_is_kept_is_kept_by_the_profile_or_by_an_option(keyword: str) -> None:
    assert bool(action(Tag(keyword))) == (keyword in RETAINED)


def test_what_is_kept_of_overlays_is_kept_by_the_profile() -> None:
    assert {action(0x60000000 | element) for element in KEPT_OF_EMBEDDED_OVERLAYS} == {""}
    assert action(0x60023000) == action(0x60024000) == action(0x50000010) == "X"


def test_what_is_written_anew_is_what_the_profile_writes_anew() -> None:
    assert {action(Tag(keyword)) for keyword in EMPTIED} == {"Z"}
    assert {action(Tag(keyword)) for keyword in NEW_UIDS} == {"U"}
    assert {action(Tag(keyword)) for keyword in PSEUDONYMOUS} == {"Z_D"}
    assert {action(Tag(keyword)) for keyword in RETAINED} == {"Z", "X"}


def test_all_text_that_is_kept_has_a_vocabulary() -> None:
    text = {keyword for keyword in KEPT_KEYWORDS if dictionary_VR(Tag(keyword)) in ("CS", "LO", "SH")}
    assert set(VOCABULARIES) == text | {"OverlayType"}


def test_a_stored_file_says_how_it_was_de_identified(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "film", 1, BurnedInAnnotation="NO", PatientAge="031Y")
    bring(tmp_path / "export", tmp_path / "data", OneLabel("spine"))
    ds = pydicom.dcmread(next((tmp_path / "data").rglob("*.dcm")))
    codes = [(item.CodeValue, item.CodingSchemeDesignator) for item in ds.DeidentificationMethodCodeSequence]
    assert codes == [("113100", "DCM"), ("113108", "DCM")]
    assert ds.DeidentificationMethodCodeSequence[0].CodeMeaning == "Basic Application Confidentiality Profile"
    assert ds.PatientIdentityRemoved == "YES"
    assert ds.LongitudinalTemporalInformationModified == "REMOVED"
    assert ds.BurnedInAnnotation == "NO"
    assert all(len(value) <= 64 for value in ds.DeidentificationMethod)
