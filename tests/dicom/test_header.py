"""The facts that a header gives, and those it fails to give."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom.files import SECONDARY_CAPTURE, file_bytes, film, native_bytes, write_film
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_router.dicom.header import aspect_of, parse_age
from dicom_router.dicom.reading import read, read_header

ARRAY = np.arange(20 * 24, dtype="u2").reshape(20, 24)


@pytest.mark.parametrize(
    ("age", "years"),
    [
        ("045Y", 45.0),
        ("018M", 1.5),
        ("012W", 12 * 7 / 365.25),
        ("010D", 10 / 365.25),
        ("10D", 10 / 365.25),
        ("000Y", 0.0),
        ("000D", 0.0),
        ("5y", 5.0),
        (" 007Y ", 7.0),
        ("81", 81.0),  # as in ChestX-ray14
        ("130Y", 130.0),
        ("131Y", None),
        ("999Y", None),
        ("999M", 999 / 12),
        ("", None),
        ("Y", None),
        ("-05Y", None),
        ("ABC", None),
        ("045X", None),
        ("4.5Y", None),
        ("O45Y", None),
    ],
)
def test_ages_become_years_or_nothing(age: str, years: float | None) -> None:
    assert parse_age(age) == (None if years is None else pytest.approx(years))


@pytest.mark.parametrize(
    ("attributes", "aspect"),
    [
        ({}, 1.0),
        ({"PixelSpacing": [0.2, 0.2]}, 1.0),
        ({"PixelSpacing": [0.4, 0.2]}, 2.0),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, 0.5),
        ({"NominalScannedPixelSpacing": [0.3, 0.2]}, 1.5),
        ({"PixelAspectRatio": [3, 2]}, 1.5),
        ({"PixelSpacing": [0.2, 0.2], "PixelAspectRatio": [3, 2]}, 1.0),  # the spacing is believed first
        ({"PixelSpacing": [0, 0.2], "PixelAspectRatio": [3, 2]}, 1.5),
        ({"PixelSpacing": [-1, 1]}, 1.0),
        ({"PixelSpacing": [100, 0.1]}, 1.0),
        ({"PixelSpacing": 0.2}, 1.0),
        ({"PixelSpacing": [0.143, 0.14301]}, 1.0),
    ],
)
def test_the_aspect_of_a_pixel_is_its_height_over_its_width(attributes: dict[str, Any], aspect: float) -> None:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    assert aspect_of(ds) == pytest.approx(aspect)


def test_the_facts_of_a_header_are_collected(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "film.dcm",
        ARRAY,
        BitsStored=12,
        Modality="DX ",
        BodyPartExamined="chest",
        ViewPosition="PA",
        PatientSex="F",
        PatientAge="018M",
        Manufacturer="Example Works",
        PixelSpacing=[0.4, 0.2],
        ImageComments="SYNTHETIC, made for tests",
    )
    header = read_header(path)
    assert header == read(path).header
    assert (header.file_format, header.synthetic, header.age_years, header.pixel_aspect) == ("dicom", True, 1.5, 2.0)
    assert (header.Rows, header.Columns, header.BitsAllocated, header.BitsStored) == (20, 24, 16, 12)
    assert (header.Modality, header.BodyPartExamined, header.ViewPosition, header.PatientSex) == (
        "DX",
        "CHEST",
        "PA",
        "F",
    )
    assert (header.Manufacturer, header.PhotometricInterpretation) == ("Example Works", "MONOCHROME2")


def test_absent_facts_are_empty(tmp_path: Path) -> None:
    header = read_header(write_film(tmp_path / "film.dcm", ARRAY, Modality=None))
    assert (header.Modality, header.BodyPartExamined, header.PatientSex, header.Manufacturer) == ("", "", "", "")
    assert header.age_years is None
    assert not header.synthetic


@pytest.mark.parametrize("modality", ["CT", "MR", None, ""])
def test_the_class_is_believed_before_the_modality(tmp_path: Path, modality: str | None) -> None:
    path = write_film(tmp_path / "film.dcm", ARRAY, SOPClassUID=SECONDARY_CAPTURE, Modality=modality)
    assert read(path).pixels.shape == ARRAY.shape


def test_the_class_of_the_meta_information_stands_in_for_a_missing_one(tmp_path: Path) -> None:
    ds = film(ARRAY, SOPClassUID=None, Modality="CT")
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, native_bytes(ARRAY)))  # its meta information says CR
    assert read_header(path).SOPClassUID == "1.2.840.10008.5.1.4.1.1.1"


# What decides about pixels or is a fact of Header: every one of these may be sent empty.
USED = [
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "PatientSex",
    "PatientAge",
    "Manufacturer",
    "ImageComments",
    "NumberOfFrames",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
    "PhotometricInterpretation",
    "SamplesPerPixel",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "VOILUTFunction",
    "WindowCenter",
    "WindowWidth",
    "PresentationLUTShape",
    "PresentationIntentType",
    "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign",
    "ShutterShape",
]


@pytest.mark.parametrize("keyword", USED)
def test_an_empty_attribute_counts_as_absent(tmp_path: Path, keyword: str) -> None:
    ds = film(ARRAY, **{keyword: None})
    plain = tmp_path / "plain.dcm"
    plain.write_bytes(file_bytes(ds, native_bytes(ARRAY)))
    vr = dictionary_VR(keyword).split(" or ")[0]
    ds.add_new(tag_for_keyword(keyword), vr, Sequence() if vr == "SQ" else None)
    empty = tmp_path / "empty.dcm"
    empty.write_bytes(file_bytes(ds, native_bytes(ARRAY)))
    np.testing.assert_array_equal(read(empty).pixels, read(plain).pixels)
    assert read(empty).header == read(plain).header
