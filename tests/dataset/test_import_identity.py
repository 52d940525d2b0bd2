"""Nothing that identifies anybody is left in the dataset, wherever it was planted."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dataset.hospital import KEY, bring, content, dicom, jpeg, pixels, png
from dicom.files import BIG_ENDIAN, IMPLICIT, file_bytes, film, write_film
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicom_router.dataset.importing import ages
from dicom_router.dataset.importing.allowed import EMPTIED, KEPT, KEPT_OF_EMBEDDED_OVERLAYS
from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import OneLabel, TableLabels
from dicom_router.dataset.importing.taking import Film, Refusal
from dicom_router.dataset.table import read_labels
from dicom_router.reasons import Reason

SECRET = "Zweistein"
SECRET_ID = "77123456"
SECRET_UID = "1.2.276.77123456.1"
SPINE = OneLabel("spine")


def leaks(data: Path) -> list[str]:
    """Return where in the dataset, names of files included, a planted identifier stands."""
    needles = [SECRET.encode(), SECRET.upper().encode(), SECRET_ID.encode(), SECRET.encode("utf-16-le")]
    found = [path for path, text in content(data).items() if any(needle in text for needle in needles)]
    return found + [path for path in content(data) if SECRET in path or SECRET_ID in path]


def only_file(data: Path) -> Path:
    return next(file for file in (data / "images").rglob("*") if file.is_file())


def talkative() -> Dataset:
    """Return a film that says who it shows in every way that a data set has."""
    ds = film(
        pixels(1),
        BitsStored=12,
        PatientName=f"{SECRET}^Albert",
        PatientID=SECRET_ID,
        OtherPatientIDs=SECRET_ID,
        PatientBirthDate="18790314",
        PatientAddress=SECRET,
        PatientComments=SECRET,
        ReferringPhysicianName=SECRET,
        OperatorsName=SECRET,
        InstitutionName=SECRET,
        InstitutionAddress=SECRET,
        StationName=SECRET,
        DeviceSerialNumber=SECRET_ID,
        AccessionNumber=SECRET_ID,
        StudyID=SECRET_ID,
        StudyDescription=SECRET,
        SeriesDescription=SECRET,
        ProtocolName=SECRET,
        ImageComments=SECRET,
        DerivationDescription=SECRET,
        RequestedProcedureDescription=SECRET,
        StudyInstanceUID=SECRET_UID,
        SeriesInstanceUID=SECRET_UID,
        SOPInstanceUID=SECRET_UID,
        FrameOfReferenceUID=SECRET_UID,
        BodyPartExamined=f"{SECRET}^A",
        ManufacturerModelName=f"{SECRET}=A",
        WindowCenter=[100, 200],
        WindowWidth=[100, 200],
        WindowCenterWidthExplanation=[SECRET, SECRET],
        RequestAttributesSequence=Sequence([nested()]),
        ReferencedStudySequence=Sequence([nested()]),
        AnatomicRegionSequence=Sequence([nested()]),
        VOILUTSequence=Sequence([nested()]),
    )
    ds.private_block(0x0011, f"{SECRET} PRIVATE", create=True).add_new(1, "LO", SECRET)
    for group in (0x6000, 0x6002):
        ds.add_new((group, 0x3000), "OW", SECRET.encode() + b"\0")
        ds.add_new((group, 0x0022), "LO", SECRET)
        ds.add_new((group, 0x0102), "US", 0)
    ds.add_new((0x5000, 0x3000), "OW", SECRET.encode() + b"\0")
    ds.add_new((0x4FFC, 0x0010), "UN", SECRET.encode() + b"\0")
    ds.add_new((0xFFFC, 0xFFFC), "OB", SECRET.encode() + b"\0")
    return ds


def nested() -> Dataset:
    item = Dataset()
    item.PatientName = SECRET
    item.CodeMeaning = SECRET
    item.CodeValue = "T-11500"
    item.LUTExplanation = SECRET
    item.StudyInstanceUID = SECRET_UID
    inner = Dataset()
    inner.PatientID = SECRET_ID
    item.ReferencedPatientSequence = Sequence([inner])
    return item


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, IMPLICIT, BIG_ENDIAN])
def test_a_dicom_file_says_nothing_about_the_patient(tmp_path: Path, syntax: str) -> None:
    source = tmp_path / f"{SECRET}^Albert" / SECRET_ID
    source.mkdir(parents=True)
    ds = talkative()
    native = pixels(1).astype(">u2" if syntax == BIG_ENDIAN else "<u2").tobytes()
    whole = bytearray(file_bytes(ds, native, syntax))
    whole[:9] = SECRET.encode()  # the preamble
    (source / f"{SECRET}.dcm").write_bytes(whole + SECRET.encode())
    assert bring(source, tmp_path / "data", SPINE).imported["spine"] == 1
    assert leaks(tmp_path / "data") == []


def test_a_dicom_file_keeps_only_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "film").write_bytes(file_bytes(talkative(), pixels(1).tobytes()))
    bring(tmp_path / "export", tmp_path / "data", SPINE)
    written = {
        "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "PatientAge", "ImageComments",
        "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified", "PixelData",
    }  # fmt: skip
    kept = {keyword for keywords in KEPT.values() for keyword in keywords}
    overlay = set(KEPT_OF_EMBEDDED_OVERLAYS.values())
    ds = pydicom.dcmread(only_file(tmp_path / "data"))
    assert {element.keyword for element in ds} <= kept | written | set(EMPTIED) | overlay
    assert ds.PatientIdentityRemoved == "YES" and "allow-list" in str(ds.DeidentificationMethod)
    assert {element.keyword for element in ds.file_meta} == {
        "FileMetaInformationGroupLength", "FileMetaInformationVersion", "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID", "TransferSyntaxUID", "ImplementationClassUID", "ImplementationVersionName",
    }  # fmt: skip


def test_uids_are_replaced_consistently(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "a", 1, StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4", SOPInstanceUID="1.2.5")
    dicom(tmp_path / "export" / "b", 2, StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.6", SOPInstanceUID="1.2.7")
    bring(tmp_path / "export", tmp_path / "data", SPINE)
    films = [pydicom.dcmread(file) for file in (tmp_path / "data" / "images").rglob("*.dcm")]
    assert len({ds.StudyInstanceUID for ds in films}) == 1
    assert len({ds.SeriesInstanceUID for ds in films}) == len({ds.SOPInstanceUID for ds in films}) == 2
    assert all(UID(ds.SOPInstanceUID).is_valid and ds.SOPInstanceUID.startswith("2.25.") for ds in films)
    assert all(ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID for ds in films)


def test_the_stored_patient_is_the_one_of_the_table(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "film", 1)
    bring(tmp_path / "export", tmp_path / "data", SPINE)
    patient = pydicom.dcmread(only_file(tmp_path / "data")).PatientID
    assert list(read_labels(tmp_path / "data")["patient_id"]) == [patient]


@pytest.mark.parametrize(
    "options",
    [
        {"texts": {"Patient": SECRET, "Comment": SECRET_ID}},
        {"icc_profile": SECRET.encode() * 20},
        {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0" + SECRET.encode()},
    ],
    ids=["text", "profile", "exif"],
)
def test_a_png_says_nothing_about_the_patient(tmp_path: Path, options: dict[str, Any]) -> None:
    file = png(tmp_path / SECRET / f"{SECRET}.png", 1, **options)
    file.write_bytes(file.read_bytes() + SECRET.encode())
    assert SECRET.encode() in file.read_bytes()
    bring(tmp_path / SECRET, tmp_path / "data", SPINE)
    assert leaks(tmp_path / "data") == []


@pytest.mark.parametrize(
    "options",
    [
        {"comment": SECRET.encode()},
        {"icc_profile": SECRET.encode() * 20},
        {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0" + SECRET.encode()},
        {"extra": b"\xff\xed\x00\x0b" + SECRET.encode()},
        {"xmp": SECRET.encode()},
    ],
    ids=["comment", "profile", "exif", "application", "xmp"],
)
def test_a_jpeg_says_nothing_about_the_patient(tmp_path: Path, options: dict[str, Any]) -> None:
    file = jpeg(tmp_path / SECRET / f"{SECRET}.jpg", 1, **options)
    file.write_bytes(file.read_bytes() + SECRET.encode())
    bring(tmp_path / SECRET, tmp_path / "data", SPINE)
    assert leaks(tmp_path / "data") == []


def test_a_label_table_leaves_no_trace(tmp_path: Path) -> None:
    source = tmp_path / "export"
    png(source / f"{SECRET}.png", 1)
    table = source / "labels.csv"
    table.write_text(
        f"path,label,patient_id,study_id,sex,view,name,{SECRET}\n"
        f"{SECRET}.png,spine,{SECRET_ID},{SECRET_ID},{SECRET},pa {SECRET},{SECRET},{SECRET}\n"
    )
    labels = TableLabels(source, read_label_table(table).rows)
    assert bring(source, tmp_path / "data", labels, label_table=table).imported["spine"] == 1
    assert leaks(tmp_path / "data") == []
    row = read_labels(tmp_path / "data").iloc[0]
    assert (len(row["patient_id"]), row["sex"], row["view"]) == (20, "", "PA")


def test_the_key_is_not_stored(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "film", 1)
    bring(tmp_path / "export", tmp_path / "data", SPINE)
    assert not any(KEY.encode() in text for text in content(tmp_path / "data").values())


def test_what_is_passed_around_does_not_show_original_names() -> None:
    film_ = Film(SECRET, "image", "images/x", "spine", "", "", "", None, "", "", False)
    assert SECRET not in repr(film_) + repr(Refusal(SECRET, Reason.EMPTY, ""))


@pytest.mark.parametrize(
    ("birth", "study", "years"),
    [
        ("20100615", "20200614", 9.0),
        ("20100615", "20200615", 10.0),
        ("20190815", "20200614", 9 / 12),
        ("20200615", "20200615", 0.0),
        ("19000101", "20200101", 120.0),
        ("20200616", "20200615", None),
        ("", "20200615", None),
        ("2010", "20200615", None),
        ("20101332", "20200615", None),
    ],
)
def test_age_between_two_dates(birth: str, study: str, years: float | None) -> None:
    assert ages.between(birth, study) == years


@pytest.mark.parametrize(
    ("age", "coarse", "written"),
    [
        (0.0, 0.0, "000M"), (0.08, 0.0, "000M"), (1 / 12, 0.083, "001M"), (1.5, 1.5, "018M"), (1.99, 1.917, "023M"),
        (2.0, 2.0, "002Y"), (17.99, 17.0, "017Y"), (89.0, 89.0, "089Y"), (89.5, 89.0, "089Y"), (90.0, 90.0, "090Y"),
        (104.0, 90.0, "090Y"),
    ],
)  # fmt: skip
def test_ages_become_coarse(age: float, coarse: float, written: str) -> None:
    assert ages.coarse(age) == coarse == ages.coarse(coarse)
    assert ages.age_string(coarse) == written


@pytest.mark.parametrize("age", [None, float("nan"), -1.0, 131.0, float("inf")])
def test_an_age_that_nobody_has_is_none(age: float | None) -> None:
    assert ages.coarse(age) is None


@pytest.mark.parametrize(
    ("attributes", "age", "stored"),
    [
        ({"PatientAge": "031Y"}, 31.0, "031Y"),
        ({"PatientAge": "018M"}, 1.5, "018M"),
        ({"PatientAge": "010W"}, 0.167, "002M"),
        ({"PatientAge": "097Y"}, 90.0, "090Y"),
        ({"PatientBirthDate": "20100615", "StudyDate": "20200614"}, 9.0, "009Y"),
        ({"PatientBirthDate": "20100615", "AcquisitionDate": "20200616"}, 10.0, "010Y"),
        ({"PatientAge": "031Y", "PatientBirthDate": "20100615", "StudyDate": "20200614"}, 31.0, "031Y"),
        ({"PatientBirthDate": "20100615"}, None, None),
    ],
)
def test_the_age_is_the_headers_or_follows_from_its_dates(
    tmp_path: Path, attributes: dict[str, str], age: float | None, stored: str | None
) -> None:
    dicom(tmp_path / "export" / "film", 1, **attributes)
    bring(tmp_path / "export", tmp_path / "data", SPINE)
    read = read_labels(tmp_path / "data")["age_years"].iloc[0]
    assert (None if np.isnan(read) else read) == age
    assert pydicom.dcmread(only_file(tmp_path / "data")).get("PatientAge") == stored


def test_an_image_of_a_synthetic_film_still_says_so(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    write_film(tmp_path / "export" / "film", pixels(1), ImageComments=f"SYNTHETIC radiograph of {SECRET}")
    bring(tmp_path / "export", tmp_path / "data", SPINE, with_synthetic=True)
    assert pydicom.dcmread(only_file(tmp_path / "data")).ImageComments == "SYNTHETIC"
    assert leaks(tmp_path / "data") == []


def test_a_pngs_pixels_are_all_that_is_left(tmp_path: Path) -> None:
    png(tmp_path / "export" / "film", 1, texts={"a": "b"}, dpi=(72, 72))
    bring(tmp_path / "export", tmp_path / "data", SPINE)
    with Image.open(only_file(tmp_path / "data")) as image:
        image.load()
        assert set(image.info) <= {"dpi"}
