"""The table of what is a radiograph."""

from pathlib import Path

import pytest
from pydicom import uid

from dicom_router.dicom.sop_classes import SOP_CLASSES, verdict

READING = Path(__file__).resolve().parents[2] / "docs" / "reading.md"


@pytest.mark.parametrize("sop_class", SOP_CLASSES)
def test_every_class_of_the_table_is_one_of_dicom(sop_class: str) -> None:
    assert uid.UID(sop_class).name != sop_class


@pytest.mark.parametrize(
    ("keyword", "accepted"),
    [
        ("ComputedRadiographyImageStorage", True),
        ("DigitalXRayImageStorageForPresentation", True),
        ("DigitalXRayImageStorageForProcessing", True),
        ("DigitalMammographyXRayImageStorageForPresentation", True),
        ("DigitalIntraOralXRayImageStorageForPresentation", True),
        ("SecondaryCaptureImageStorage", True),
        ("XRayRadiofluoroscopicImageStorage", True),
        ("XRayAngiographicImageStorage", False),
        ("CTImageStorage", False),
        ("MRImageStorage", False),
        ("BreastTomosynthesisImageStorage", False),
        ("EncapsulatedPDFStorage", False),
        ("ComprehensiveSRStorage", False),
        ("MediaStorageDirectoryStorage", False),
    ],
)
def test_projection_radiographs_are_accepted_and_nothing_else(keyword: str, accepted: bool) -> None:
    assert verdict(getattr(uid, keyword), "").accepted is accepted


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", "RF", "MG", "IO", "PX", "OT", ""])
def test_without_a_class_the_modalities_of_radiographs_are_accepted(modality: str) -> None:
    assert verdict("", modality).accepted


def test_an_unknown_class_is_refused_without_repeating_it() -> None:
    decision = verdict("1.2.3.4711", "CR")
    assert not decision.accepted
    assert "4711" not in decision.why


@pytest.mark.parametrize("sop_class", SOP_CLASSES)
def test_every_class_of_the_table_is_documented_with_its_verdict(sop_class: str) -> None:
    row = next((line for line in READING.read_text().splitlines() if f"`{sop_class}`" in line), "")
    assert ("accepted" if SOP_CLASSES[sop_class].accepted else "refused") in row
