"""Each kind of bad input ends as one reason and never as anything else."""

import os
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom.files import (
    CT,
    DEFLATED,
    ENCODERS,
    HTJ2K_LOSSLESS,
    IMPLICIT,
    JPEG_2000_LOSSLESS,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    file_bytes,
    film,
    native_bytes,
)
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from dicom_router.dicom import deflated, limits, source
from dicom_router.dicom.reading import read, read_header
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

ARRAY = np.add.outer(np.arange(32), np.arange(24)).astype("u2")
WHOLE = file_bytes(film(ARRAY), native_bytes(ARRAY))
SR = "1.2.840.10008.5.1.4.1.1.88.33"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
DICOMDIR = "1.2.840.10008.1.3.10"
XA = "1.2.840.10008.5.1.4.1.1.12.1"


def reason_of(folder: Path, content: bytes, reader: Callable[[Path], Any] = read) -> Reason:
    """Return why ``content`` is not read; the message must say more than the code."""
    path = folder / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableImage) as caught:
        reader(path)
    assert len(caught.value.detail) > 10
    return caught.value.reason


def encoded(syntax: str, frame: bytes | None = None, **attributes: Any) -> bytes:
    frame = ENCODERS[syntax](ARRAY, 16) if frame is None else frame
    return file_bytes(film(ARRAY, **attributes), encapsulate([frame]), syntax)


@pytest.mark.parametrize(
    "content",
    [
        b"hello, this is a text file\n" * 40,
        b"\0" * 4096,
        b"PK\x03\x04" + bytes(500),
        b"<html>" + bytes(200),
        b"\x08\x00",
        b"\x08\x00\x08\x00CS\xff\xff" + bytes(50),  # starts as a data set and does not go on as one
        b"GIF89a" + bytes(100),
        bytes(range(256)) * 4,
    ],
)
def test_what_is_neither_dicom_nor_png_nor_jpeg_is_not_dicom(tmp_path: Path, content: bytes) -> None:
    assert reason_of(tmp_path, content) is Reason.NOT_DICOM


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    assert reason_of(tmp_path, b"") is Reason.EMPTY


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, Reason.MISSING_FILE),
        (lambda path: path.mkdir(), Reason.UNREADABLE),
        (lambda path: os.mkfifo(path), Reason.UNREADABLE),
    ],
)
def test_what_is_no_file_is_told_apart(tmp_path: Path, make: Callable[[Path], None], reason: Reason) -> None:
    path = tmp_path / "x"
    make(path)
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    assert caught.value.reason is reason
    assert "x" not in caught.value.detail.split()


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"SOPClassUID": CT}, Reason.NOT_A_RADIOGRAPH),
        ({"SOPClassUID": SR}, Reason.NOT_A_RADIOGRAPH),
        ({"SOPClassUID": PDF}, Reason.NOT_A_RADIOGRAPH),
        ({"SOPClassUID": XA}, Reason.NOT_A_RADIOGRAPH),
        ({"SOPClassUID": "1.2.3.4.5"}, Reason.NOT_A_RADIOGRAPH),
        ({"NumberOfFrames": 2}, Reason.MULTI_FRAME),
        ({"Rows": 60000, "Columns": 60000}, Reason.TOO_LARGE),
        ({"Rows": 10001, "Columns": 10000}, Reason.TOO_LARGE),
        ({"Rows": 15}, Reason.TOO_SMALL),
        ({"Columns": 1}, Reason.TOO_SMALL),
        ({"Rows": 0}, Reason.CORRUPT),
        ({"Rows": None}, Reason.CORRUPT),
        ({"Rows": 33}, Reason.TRUNCATED),
        ({"BitsAllocated": 32}, Reason.TRUNCATED),
        ({"BitsAllocated": 12}, Reason.UNSUPPORTED_PIXELS),
        ({"BitsAllocated": 1}, Reason.UNSUPPORTED_PIXELS),
        ({"BitsAllocated": None}, Reason.UNSUPPORTED_PIXELS),
        ({"SamplesPerPixel": 4}, Reason.UNSUPPORTED_PIXELS),
        ({"SamplesPerPixel": 3}, Reason.UNSUPPORTED_PIXELS),
        ({"PhotometricInterpretation": "RGB"}, Reason.UNSUPPORTED_PIXELS),
        ({"PhotometricInterpretation": "CMYK"}, Reason.UNSUPPORTED_PIXELS),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, Reason.UNSUPPORTED_PIXELS),
    ],
)
def test_a_header_that_is_no_film_gets_its_reason(tmp_path: Path, attributes: dict[str, Any], reason: Reason) -> None:
    content = file_bytes(film(ARRAY, **attributes), native_bytes(ARRAY))
    assert reason_of(tmp_path, content) is reason


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "SR"])
def test_without_a_class_the_modality_decides(tmp_path: Path, modality: str) -> None:
    ds = film(ARRAY, SOPClassUID=None, Modality=modality)
    content = file_bytes(ds, native_bytes(ARRAY))
    bare = content[content.index(struct.pack("<HH", 0x0008, 0x0018)) :]
    assert reason_of(tmp_path, bare) is Reason.NOT_A_RADIOGRAPH


def test_a_directory_of_media_is_no_radiograph(tmp_path: Path) -> None:
    ds = Dataset()
    ds.FileSetID = "DISK"
    ds.SOPClassUID = DICOMDIR
    content = file_bytes(ds, None)
    assert reason_of(tmp_path, content) is Reason.NOT_A_RADIOGRAPH


def test_a_film_without_pixel_data_has_no_pixels(tmp_path: Path) -> None:
    assert reason_of(tmp_path, file_bytes(film(ARRAY), None)) is Reason.NO_PIXELS


def test_encapsulated_pixel_data_without_a_fragment_have_no_pixels(tmp_path: Path) -> None:
    content = file_bytes(film(ARRAY), b"\xfe\xff\x00\xe0\0\0\0\0", JPEG_LS)
    assert reason_of(tmp_path, content) is Reason.NO_PIXELS


def test_pixels_of_floating_point_are_unsupported(tmp_path: Path) -> None:
    ds = film(ARRAY, BitsAllocated=32)
    ds.FloatPixelData = ARRAY.astype("<f4").tobytes()
    assert reason_of(tmp_path, file_bytes(ds, None)) is Reason.UNSUPPORTED_PIXELS


@pytest.mark.parametrize("kept", [200, 300, len(WHOLE) - len(ARRAY.tobytes()) - 9, len(WHOLE) - 1000, len(WHOLE) - 2])
def test_a_native_file_that_ends_early_is_truncated(tmp_path: Path, kept: int) -> None:
    assert reason_of(tmp_path, WHOLE[:kept]) is Reason.TRUNCATED


@pytest.mark.parametrize("syntax", [LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, RLE])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_compressed_file_that_ends_early_is_truncated(tmp_path: Path, syntax: str, share: float) -> None:
    content = encoded(syntax)
    start = content.index(b"\xe0\x7f\x10\x00")
    assert reason_of(tmp_path, content[: start + int(share * (len(content) - start))]) is Reason.TRUNCATED


@pytest.mark.parametrize("syntax", [LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS])
def test_a_codestream_that_was_stored_incomplete_is_truncated(tmp_path: Path, syntax: str) -> None:
    frame = ENCODERS[syntax](ARRAY, 16)
    assert reason_of(tmp_path, encoded(syntax, frame[: len(frame) // 2])) is Reason.TRUNCATED


def test_rle_segments_that_end_early_are_truncated_or_corrupt(tmp_path: Path) -> None:
    frame = ENCODERS[RLE](ARRAY, 16)
    assert reason_of(tmp_path, encoded(RLE, frame[:-200])) in (Reason.TRUNCATED, Reason.CORRUPT)


def test_a_deflated_file_that_ends_early_is_truncated(tmp_path: Path) -> None:
    content = file_bytes(film(ARRAY), native_bytes(ARRAY), DEFLATED)
    assert reason_of(tmp_path, content[:-50]) is Reason.TRUNCATED


def test_a_deflated_bomb_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflated, "MAX_FILE_BYTES", 1000)
    content = file_bytes(film(np.zeros((32, 32), "u2")), bytes(2048), DEFLATED)
    assert reason_of(tmp_path, content) is Reason.TOO_LARGE


def test_a_file_beyond_the_limit_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FILE_BYTES", 1000)
    assert reason_of(tmp_path, WHOLE) is Reason.TOO_LARGE


def test_a_deflated_stream_that_is_none_is_corrupt(tmp_path: Path) -> None:
    content = file_bytes(film(ARRAY), native_bytes(ARRAY), DEFLATED)
    start = content.index(b"1.2.840.10008.1.2.1.99") + 40
    assert reason_of(tmp_path, content[:start] + b"\xff" * 400) in (Reason.CORRUPT, Reason.TRUNCATED)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.94", "1.2.3.4.5.6.7"])
def test_an_unknown_transfer_syntax_is_unsupported(tmp_path: Path, syntax: str) -> None:
    content = file_bytes(film(ARRAY), encapsulate([b"whatever"]), syntax)
    assert reason_of(tmp_path, content) is Reason.UNSUPPORTED_TRANSFER_SYNTAX


@pytest.mark.parametrize("syntax", [LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS])
def test_a_codestream_of_another_size_than_the_header_is_corrupt(tmp_path: Path, syntax: str) -> None:
    larger = ENCODERS[syntax](np.zeros((300, 400), "u2"), 16)
    assert reason_of(tmp_path, encoded(syntax, larger)) is Reason.CORRUPT


@pytest.mark.parametrize("syntax", [LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS, RLE])
def test_fragments_of_garbage_are_corrupt(tmp_path: Path, syntax: str) -> None:
    assert reason_of(tmp_path, encoded(syntax, b"\x12\x34\x56\x78" * 100)) is Reason.CORRUPT


def test_an_rle_bomb_takes_no_memory(tmp_path: Path) -> None:
    header = struct.pack("<16I", 2, 64, 64 + 100_000, *[0] * 13)
    assert reason_of(tmp_path, encoded(RLE, header + b"\x81\0" * 100_000)) is Reason.CORRUPT


def test_a_sequence_nested_beyond_reason_is_corrupt(tmp_path: Path) -> None:
    nested = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    assert reason_of(tmp_path, WHOLE[: WHOLE.index(b"\x08\x00\x60\x00")] + nested) in (
        Reason.CORRUPT,
        Reason.TRUNCATED,
    )


@pytest.mark.parametrize(
    "attributes",
    [{"SOPClassUID": CT}, {"NumberOfFrames": 2}, {"Rows": 60000, "Columns": 60000}, {"Rows": 3}],
)
def test_the_header_alone_gives_the_same_reason(tmp_path: Path, attributes: dict[str, Any]) -> None:
    content = file_bytes(film(ARRAY, **attributes), native_bytes(ARRAY))
    assert reason_of(tmp_path, content, read_header) is reason_of(tmp_path, content)


def test_one_frame_may_be_counted(tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(film(ARRAY, NumberOfFrames=1), native_bytes(ARRAY)))
    assert read(path).pixels.shape == ARRAY.shape


def test_the_largest_size_is_accepted() -> None:
    limits.check_size(10_000, 10_000)


GARBLED = [
    "WindowCenter",
    "WindowWidth",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelSpacing",
    "PatientAge",
    "NumberOfFrames",
    "PixelPaddingValue",
    "HighBit",
    "PixelRepresentation",
    "PlanarConfiguration",
    "VOILUTSequence",
    "ModalityLUTSequence",
    "SpecificCharacterSet",
    "ShutterLeftVerticalEdge",
    "VerticesOfThePolygonalShutter",
]


@pytest.mark.parametrize("keyword", GARBLED)
def test_garbage_in_an_attribute_costs_that_attribute_only(tmp_path: Path, keyword: str) -> None:
    ds = film(ARRAY)
    ds.ShutterShape = ["RECTANGULAR", "POLYGONAL"]
    ds.add_new(tag_for_keyword(keyword), "LO", "gar\\bage")  # implicit files do not say that it is text
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, native_bytes(ARRAY), IMPLICIT))
    assert read(path).pixels.max() == 1.0


def test_nothing_leaks_but_the_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ds = film(ARRAY, PatientName="DOE^JANE", PatientID="4711", Rows=33, WindowCenter="5", PatientAge="???Y")
    path = tmp_path / "doe_jane.dcm"
    path.write_bytes(file_bytes(ds, native_bytes(ARRAY)).replace(b"DS\x02\x005 ", b"DS\x02\x00?!"))
    with warnings.catch_warnings(record=True) as warned, pytest.raises(UnreadableImage) as caught:
        warnings.simplefilter("always")
        read(path)
    said = str(caught.value) + repr(caught.value.__cause__) + caplog.text + "".join(str(item) for item in warned)
    assert caught.value.__cause__ is None
    assert not any(secret in said for secret in ("DOE", "doe", "4711", "JANE", str(ds.SOPInstanceUID)))
    assert not warned
    assert not caplog.records


def test_inflating_needs_no_marker_in_the_pixels(tmp_path: Path) -> None:
    # the UID of the deflated syntax inside a native file must not make it deflated
    ds = film(ARRAY, ImageComments="1.2.840.10008.1.2.1.99")
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, native_bytes(ARRAY), IMPLICIT))
    assert read(path).header.TransferSyntaxUID == IMPLICIT
