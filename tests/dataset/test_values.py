"""What stays of the values of allowed attributes, and of the frames that hold the pixels."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dataset.hospital import bring, dicom, pixels
from dicom.files import BIG_ENDIAN, ENCODERS, IMPLICIT, JPEG_2000_LOSSLESS, RLE, file_bytes, film, write_film
from planting import NAME, in_jpeg, in_jpeg_2000, in_rle_header
from programs import require_program
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from dicom_router.dataset.importing.frames import slim_codestream, slim_rle
from dicom_router.dataset.importing.jpeg2000 import slim_jpeg2000
from dicom_router.dataset.importing.labelling import OneLabel
from dicom_router.dataset.importing.values import cleaned
from dicom_router.errors import UnreadableImage

SPINE = OneLabel("spine")
CODESTREAMS = [syntax for syntax in ENCODERS if syntax != RLE]


def stored(tmp_path: Path, **attributes: Any) -> Dataset:
    """Import a film with ``attributes`` and return what is stored."""
    dicom(tmp_path / "export" / "film", 1, **attributes)
    return bring_one(tmp_path)


def bring_one(tmp_path: Path) -> Dataset:
    """Import the one film of the export and return what is stored."""
    assert bring(tmp_path / "export", tmp_path / "data", SPINE).imported["spine"] == 1
    return pydicom.dcmread(next((tmp_path / "data").rglob("*.dcm")))


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("BodyPartExamined", "CHEST"), ("BodyPartExamined", "C-SPINE LAT"), ("BodyPartExamined", "Thorax pa"),
        ("ViewPosition", "AP"), ("ViewPosition", "LLD"), ("Laterality", "R"), ("PatientSex", "F"),
        ("Manufacturer", "Fuji Photo Film Co.,Ltd."), ("Manufacturer", "SIEMENS"), ("Manufacturer", "GE Healthcare"),
        ("PatientOrientation", ["L", "FR"]), ("ImageType", ["DERIVED", "PRIMARY", ""]),
        ("VOILUTFunction", "LINEAR_EXACT"),
        ("LossyImageCompressionMethod", "ISO_10918_1"), ("KVP", "70.5"), ("Exposure", "12"), ("RescaleType", "HU"),
        ("WindowCenter", ["2048", "1e3"]), ("FieldOfViewDimensions", ["430", "350"]), ("PatientPosition", "HFS"),
    ],
)  # fmt: skip
def test_what_the_standard_knows_stays(tmp_path: Path, keyword: str, value: Any) -> None:
    attributes = {keyword: value} | ({"WindowWidth": ["1", "1"]} if keyword == "WindowCenter" else {})
    assert stored(tmp_path, **attributes)[keyword].value == value


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("BodyPartExamined", "SMITH JOHN"), ("BodyPartExamined", "CHEST SMITH"), ("BodyPartExamined", "CHEST 770041"),
        ("ViewPosition", "SMITH"), ("Laterality", "JOHN"), ("PatientSex", "JOHN"), ("Modality", "SMITH"),
        ("Manufacturer", "Smith"), ("Manufacturer", "Siemens Smith"), ("ManufacturerModelName", "Smith 1"),
        ("PatientPosition", "XX"), ("ImageType", ["SMITH", "JOHN"]),
        ("FilterType", "John"), ("RescaleType", "Smith"),
    ],
)  # fmt: skip
def test_what_no_vocabulary_knows_is_left_behind(tmp_path: Path, keyword: str, value: Any) -> None:
    assert keyword not in stored(tmp_path, **{keyword: value})


@pytest.mark.parametrize("value", [b"Smith ", b"70 Smith", b"70\\John", b"1" * 60, b"7e1234", b"0x70"])
def test_a_number_is_a_number(value: bytes) -> None:
    assert cleaned(RawDataElement(Tag("KVP"), "DS", len(value), value, 0, False, True), Dataset()) is None


def test_of_several_values_the_known_ones_stay_in_place(tmp_path: Path) -> None:
    assert stored(tmp_path, ImageType=["ORIGINAL", "SMITH", "RAD", "JOHN"]).ImageType == ["ORIGINAL", "", "RAD"]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("keyword", ["SmallestImagePixelValue", "EntranceDose", "ShutterPresentationValue"])
def test_bytes_beyond_a_number_are_left_behind(tmp_path: Path, keyword: str, syntax: str) -> None:
    array = pixels(1, ">u2" if syntax == BIG_ENDIAN else "<u2")
    whole = file_bytes(film(array, BitsStored=12, **{keyword: [1, 2, 3]}), array.tobytes(), syntax)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "film").write_bytes(whole)
    assert keyword not in bring_one(tmp_path)


@pytest.mark.parametrize("representation", ["LO", "OB", "UT", "PN", "LT"])
def test_an_attribute_that_says_it_is_of_another_kind_is_left_behind(tmp_path: Path, representation: str) -> None:
    ds = film(pixels(1), BitsStored=12)
    ds.SmallestImagePixelValue = 1
    whole = file_bytes(ds, pixels(1).tobytes())
    element = b"\x28\x00\x06\x01US\x02\x00\x01\x00"
    text = b"Jo" if representation in ("LO", "PN", "LT") else b"\0\0\2\0\0\0Jo"
    length = b"\x02\x00" if representation in ("LO", "PN", "LT") else b""
    (tmp_path / "export").mkdir()
    assert element in whole
    changed = whole.replace(element, b"\x28\x00\x06\x01" + representation.encode() + length + text)
    (tmp_path / "export" / "film").write_bytes(changed)
    assert "SmallestImagePixelValue" not in bring_one(tmp_path)


@pytest.mark.parametrize(("bits", "entries", "kept"), [(16, 4, 8), (8, 4, 4), (8, 9, 10), (16, 0, 20)])
def test_a_table_is_cut_where_its_entries_end(tmp_path: Path, bits: int, entries: int, kept: int) -> None:
    size = entries if bits == 8 else 2 * entries
    item = Dataset()
    item.LUTDescriptor = [entries, 0, bits]
    item["LUTDescriptor"].VR = "US"
    tail = NAME.encode()[: 2 if bits == 8 else 20]
    item.add_new("LUTData", "OW", b"\1" * size + tail + b"\0" * ((size + len(tail)) % 2))
    assert len(stored(tmp_path, VOILUTSequence=[item]).VOILUTSequence[0].LUTData) == kept


@pytest.mark.parametrize("syntax", CODESTREAMS)
def test_comments_in_a_codestream_are_gone_and_nothing_else(syntax: str) -> None:
    array = (np.add.outer(np.arange(64), np.arange(64)) + pixels(1, "u1")[0, 0] % 7).astype("u1")
    frame = ENCODERS[syntax](array, 8)
    planted = in_jpeg_2000(frame) if frame.startswith(b"\xff\x4f") else in_jpeg(frame)
    assert slim_codestream(planted) == slim_codestream(frame) == slim_codestream(slim_codestream(frame))
    assert NAME.encode() in planted and NAME.encode() not in slim_codestream(planted)


def test_a_jp2_container_is_left_behind() -> None:
    frame = ENCODERS[JPEG_2000_LOSSLESS](pixels(1, "u1"), 8)
    boxes = b"\0\0\0\x0cjP  \r\n\x87\n" + (28 + len(NAME)).to_bytes(4) + b"uuid" + b"\0" * 20 + NAME.encode()
    assert slim_codestream(boxes + b"\0\0\0\0jp2c" + frame) == slim_jpeg2000(frame)


@pytest.mark.parametrize("share", [0.02, 0.05])
@pytest.mark.parametrize("syntax", CODESTREAMS)
def test_a_codestream_that_ends_early_is_no_film(syntax: str, share: float) -> None:
    frame = ENCODERS[syntax](np.add.outer(np.arange(64), np.arange(64)).astype("u1"), 8)
    with pytest.raises(UnreadableImage):
        slim_codestream(frame[: int(share * len(frame))] + b"\xff\xd9")


def test_an_rle_header_holds_offsets_alone() -> None:
    frame = ENCODERS[RLE](pixels(1), 12)
    assert slim_rle(in_rle_header(frame)) == slim_rle(frame) == frame


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, IMPLICIT])
def test_bytes_behind_the_pixels_are_gone(tmp_path: Path, syntax: str) -> None:
    array = pixels(1, "u1")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "film").write_bytes(file_bytes(film(array), array.tobytes() + NAME.encode(), syntax))
    assert bring_one(tmp_path).PixelData == array.tobytes()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, IMPLICIT, *ENCODERS])
def test_dcmtk_reads_what_is_stored(tmp_path: Path, syntax: str) -> None:
    program = require_program("dcmdump", "dcmtk")
    (tmp_path / "export").mkdir()
    array = np.add.outer(np.arange(24), np.arange(24)).astype("u1")
    write_film(tmp_path / "export" / "film", array, syntax, PatientAge="031Y", ImageType=["ORIGINAL", "PRIMARY"])
    bring_one(tmp_path)
    file = next((tmp_path / "data").rglob("*.dcm"))
    done = subprocess.run([program, "+E", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "[113100]" in done.stdout
