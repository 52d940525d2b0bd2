"""Bone is bright, whatever the header calls white."""

from pathlib import Path

import pytest
from dicom.files import shown, window

RAMP = [0, 64, 128, 256]
AS_STORED = [0.0, 0.25, 0.5, 1.0]
INVERTED = [1.0, 0.75, 0.5, 0.0]


@pytest.mark.parametrize(
    ("photometric", "shape", "expected"),
    [
        ("MONOCHROME2", None, AS_STORED),
        ("MONOCHROME2", "IDENTITY", AS_STORED),
        ("MONOCHROME1", None, INVERTED),
        ("MONOCHROME1", "INVERSE", INVERTED),
        ("MONOCHROME2", "INVERSE", INVERTED),
        ("monochrome1 ", None, INVERTED),
        (None, None, AS_STORED),
    ],
)
def test_monochrome1_and_inverse_together_are_one_inversion(
    tmp_path: Path, photometric: str | None, shape: str | None, expected: list[float]
) -> None:
    attributes = {"PhotometricInterpretation": photometric, "PresentationLUTShape": shape}
    assert shown(tmp_path, RAMP, **attributes, **window(0, 256)) == expected


@pytest.mark.parametrize(
    ("intent", "relationship", "sign", "photometric", "dark_first"),
    [
        ("FOR PROCESSING", "LIN", 1, "MONOCHROME1", False),
        ("FOR PROCESSING", "LIN", 1, "MONOCHROME2", False),  # the sign is believed before the photometric
        ("FOR PROCESSING", "LOG", -1, "MONOCHROME2", True),
        ("FOR PROCESSING", "LOG", -1, "MONOCHROME1", True),
        ("FOR PROCESSING", "LOG", None, "MONOCHROME1", False),
        ("FOR PROCESSING", None, None, "MONOCHROME2", True),
        ("FOR PRESENTATION", "LOG", 1, "MONOCHROME2", True),
    ],
)
def test_the_sign_of_detector_signal_says_whether_bone_is_dark(
    tmp_path: Path, intent: str, relationship: str | None, sign: int | None, photometric: str, dark_first: bool
) -> None:
    greys = shown(
        tmp_path,
        [1, 7, 31, 63],
        PresentationIntentType=intent,
        PixelIntensityRelationship=relationship,
        PixelIntensityRelationshipSign=sign,
        PhotometricInterpretation=photometric,
    )
    assert (greys[0], greys[-1]) == ((0.0, 1.0) if dark_first else (1.0, 0.0))


def test_signal_linear_in_exposure_becomes_its_logarithm(tmp_path: Path) -> None:
    # log(v + 1) of 0, 1, 3, 15 is 0, 1, 2, 4 times log 2; more exposure is less bone
    attributes = {"PresentationIntentType": "FOR PROCESSING", "PixelIntensityRelationship": "LIN"}
    greys = shown(tmp_path, [0, 1, 3, 15], PixelIntensityRelationshipSign=1, **attributes)
    assert greys == [1.0, 0.75, 0.5, 0.0]


def test_falling_signal_linear_in_exposure_is_turned_before_the_logarithm(tmp_path: Path) -> None:
    attributes = {"PresentationIntentType": "FOR PROCESSING", "PixelIntensityRelationship": "LIN"}
    greys = shown(tmp_path, [15, 14, 12, 0], PixelIntensityRelationshipSign=-1, **attributes)
    assert greys == [1.0, 0.75, 0.5, 0.0]


def test_the_class_for_processing_is_enough_and_its_window_is_not_believed(tmp_path: Path) -> None:
    greys = shown(tmp_path, [0, 10, 20, 40], SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1.1", **window(0, 4000))
    assert greys == [0.0, 0.25, 0.5, 1.0]
