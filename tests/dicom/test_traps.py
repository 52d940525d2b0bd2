"""Files that are small and sound enough to be believed, and would take minutes or gigabytes to read."""

import struct
import zlib
from functools import partial
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from dicom.files import (
    BASELINE,
    DEFLATED,
    ENCODERS,
    IMPLICIT,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    file_bytes,
    film,
    native_bytes,
    write_film,
)
from PIL import Image
from pydicom.encaps import encapsulate

from dicom_router.cells import Lost, map_in_cells
from dicom_router.dataset.scanning import Refused, scan_file
from dicom_router.dicom.reading import read
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

ARRAY = np.add.outer(np.arange(32), np.arange(24)).astype("u1")
WHOLE = file_bytes(film(ARRAY), native_bytes(ARRAY))
BEFORE_ROWS = WHOLE.index(b"\x28\x00\x10\x00US")
SEQUENCE = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff"
EMPTY_ITEM = b"\xfe\xff\x00\xe0\0\0\0\0"
EMPTY_ELEMENTS = b"".join(struct.pack("<I", 0x0009 | number << 16) + b"LO\0\0" for number in range(1 << 16))
LARGE = 9_000


def reason_of(folder: Path, content: bytes) -> Reason:
    path = folder / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    return caught.value.reason


def inserted(content: bytes) -> bytes:
    return WHOLE[:BEFORE_ROWS] + content + WHOLE[BEFORE_ROWS:]


def deflated(content: bytes) -> bytes:
    """Return a deflated film whose data set is ``content``."""
    sound = file_bytes(film(ARRAY), native_bytes(ARRAY), DEFLATED)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return sound[: 144 + sound[140]] + deflater.compress(content) + deflater.flush()


@pytest.mark.parametrize(
    "content",
    [
        inserted(SEQUENCE + EMPTY_ITEM * 1_000_000),
        inserted(SEQUENCE + b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + EMPTY_ELEMENTS),
        inserted(EMPTY_ELEMENTS),
        deflated(SEQUENCE + EMPTY_ITEM * 5_000_000),
    ],
    ids=["items", "elements of an item", "elements", "deflated items"],
)
def test_more_elements_than_a_film_has_are_not_built(tmp_path: Path, content: bytes) -> None:
    assert reason_of(tmp_path, content) is Reason.TOO_LARGE


def test_a_header_longer_than_any_is_not_parsed(tmp_path: Path) -> None:
    blob = b"\x09\x00\x10\x10OB\0\0" + struct.pack("<I", 65 << 20) + bytes(65 << 20)
    assert reason_of(tmp_path, inserted(blob)) is Reason.TOO_LARGE


def test_a_file_meta_information_that_hides_the_deflated_syntax_is_corrupt(tmp_path: Path) -> None:
    # without a preamble we see no file meta information, and pydicom does: it would inflate without a limit
    assert reason_of(tmp_path, deflated(bytes(1 << 20))[132:]) is Reason.CORRUPT


@pytest.mark.parametrize("tag", [b"\x28\x00\x50\x10DS", b"\x28\x00\x30\x00DS", b"\x18\x00\x20\x16IS"])
def test_a_number_of_thousands_of_values_costs_that_attribute_only(tmp_path: Path, tag: bytes) -> None:
    value = b"1\\2\\3\\4 " * 8000
    (tmp_path / "film").write_bytes(inserted(tag + struct.pack("<H", len(value)) + value))
    assert read(tmp_path / "film").pixels.max() == 1.0


@pytest.mark.parametrize("syntax", [BASELINE, LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS])
def test_a_codestream_too_short_for_its_size_is_not_decoded(tmp_path: Path, syntax: str) -> None:
    frame = bytearray(ENCODERS[syntax](ARRAY, 8))
    if syntax == JPEG_2000_LOSSLESS:
        frame[8:16] = struct.pack(">II", LARGE, LARGE)
    else:
        start = next(
            frame.find(bytes([0xFF, marker, 0])) for marker in (0xC0, 0xC3, 0xF7) if bytes([0xFF, marker, 0]) in frame
        )
        frame[start + 5 : start + 9] = struct.pack(">HH", LARGE, LARGE)
    content = file_bytes(film(ARRAY, Rows=LARGE, Columns=LARGE), encapsulate([bytes(frame)]), syntax)
    assert reason_of(tmp_path, content) is Reason.CORRUPT


def test_an_rle_frame_too_short_for_its_size_is_truncated(tmp_path: Path) -> None:
    content = file_bytes(film(ARRAY, Rows=LARGE, Columns=LARGE), encapsulate([ENCODERS[RLE](ARRAY, 8)]), RLE)
    assert reason_of(tmp_path, content) is Reason.TRUNCATED


def test_of_two_codestreams_in_a_container_the_one_that_was_checked_is_decoded(tmp_path: Path) -> None:
    small = imagecodecs.jpeg2k_encode(ARRAY, 0, codecformat="j2k", reversible=True)
    large = imagecodecs.jpeg2k_encode(np.zeros((300, 400), "u1"), 0, codecformat="jp2", reversible=True)
    place = large.index(b"jp2c") - 4
    box = struct.pack(">I", len(small) + 8) + b"free" + small
    frame = large[:place] + box + large[place:]
    path = tmp_path / "film"
    path.write_bytes(file_bytes(film(ARRAY), encapsulate([frame]), JPEG_2000))
    assert read(path).pixels.shape == ARRAY.shape


@pytest.mark.parametrize(
    "header",
    [b"\xff" * 100_000, b"\xff\xd0" * 100_000, b"\xff\xe1\x00\x02" * 100_000],
    ids=["fill", "markers", "segments"],
)
def test_a_jpeg_whose_header_has_no_end_is_corrupt(tmp_path: Path, header: bytes) -> None:
    frame = ENCODERS[BASELINE](ARRAY, 8)
    content = file_bytes(film(ARRAY), encapsulate([frame[:2] + header + frame[2:]]), BASELINE)
    assert reason_of(tmp_path, content) is Reason.CORRUPT


def progressive(scans: int) -> bytes:
    """Return a progressive JPEG whose last scan stands there ``scans`` times more."""
    stream = BytesIO()
    Image.fromarray(ARRAY).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


def test_a_jpeg_of_hundreds_of_scans_is_corrupt(tmp_path: Path) -> None:
    assert reason_of(tmp_path, progressive(300)) is Reason.CORRUPT
    assert reason_of(tmp_path, file_bytes(film(ARRAY), encapsulate([progressive(300)]), BASELINE)) is Reason.CORRUPT


def test_a_frame_in_too_many_fragments_is_corrupt(tmp_path: Path) -> None:
    content = file_bytes(film(ARRAY), EMPTY_ITEM * 200_000, BASELINE)
    assert reason_of(tmp_path, content) is Reason.CORRUPT


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_export_too_short_for_its_size_is_not_decoded(tmp_path: Path, kind: str) -> None:
    stream = BytesIO()
    Image.fromarray(ARRAY).save(stream, kind)
    data = bytearray(stream.getvalue())
    if kind == "PNG":
        data[16:24] = struct.pack(">II", LARGE, LARGE)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    else:
        start = data.index(b"\xff\xc0\x00")
        data[start + 5 : start + 9] = struct.pack(">HH", LARGE, LARGE)
    assert reason_of(tmp_path, bytes(data)) is Reason.CORRUPT


def test_what_takes_more_memory_than_there_is_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(0).integers(0, 4096, (2000, 2000)).astype("u2")
    write_film(tmp_path / "images/film.dcm", random, IMPLICIT)
    outcomes = map_in_cells(partial(scan_file, tmp_path), ["images/film.dcm"], workers=1, timeout=60, memory=8 << 20)
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, (Lost, Refused))] == [Reason.TOO_LARGE]
