"""The same film in every transfer syntax that a PACS sends."""

import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from dicom.files import (
    BASELINE,
    BIG_ENDIAN,
    DEFLATED,
    ENCODERS,
    EXTENDED,
    HTJ2K,
    HTJ2K_LOSSLESS,
    HTJ2K_RPCL,
    IMPLICIT,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_LS,
    JPEG_LS_NEAR,
    LOSSLESS,
    LOSSLESS_SV1,
    RLE,
    file_bytes,
    film,
    native_bytes,
    window,
    write_film,
)
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian

from dicom_router.dicom.reading import read

LOSSLESS_SYNTAXES = [
    ExplicitVRLittleEndian,
    IMPLICIT,
    BIG_ENDIAN,
    DEFLATED,
    RLE,
    LOSSLESS,
    LOSSLESS_SV1,
    JPEG_LS,
    JPEG_2000_LOSSLESS,
    HTJ2K_LOSSLESS,
    HTJ2K_RPCL,
]
LOSSY_SYNTAXES = [EXTENDED, JPEG_LS_NEAR, JPEG_2000, HTJ2K]


def picture(bits: int = 12, dtype: str = "u2") -> np.ndarray:
    """Return a smooth (40, 52) picture that uses most of ``bits`` bits."""
    rows, columns = np.mgrid[:40, :52]
    wave = 0.5 + 0.45 * np.sin(columns / 9) * np.cos(rows / 7)
    values = (wave * (2**bits - 1)).astype("i4")
    return values.astype(dtype) if np.dtype(dtype).kind == "u" else (values - 2 ** (bits - 1)).astype(dtype)


FULL = window(0, 4095)


@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES)
def test_lossless_syntaxes_agree_bit_for_bit(tmp_path: Path, syntax: str) -> None:
    film_read = read(write_film(tmp_path / "film.dcm", picture(), syntax, BitsStored=12, **FULL))
    np.testing.assert_array_equal(film_read.pixels, (picture() / 4095).astype("f4"))
    assert film_read.header.TransferSyntaxUID == syntax


@pytest.mark.parametrize("syntax", LOSSY_SYNTAXES)
def test_lossy_syntaxes_come_close(tmp_path: Path, syntax: str) -> None:
    film_read = read(write_film(tmp_path / "film.dcm", picture(), syntax, BitsStored=12, **FULL))
    np.testing.assert_allclose(film_read.pixels, picture() / 4095, atol=0.01)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, BIG_ENDIAN, BASELINE, EXTENDED, LOSSLESS_SV1, RLE])
def test_films_of_8_bits_are_read_in_every_family(tmp_path: Path, syntax: str) -> None:
    array = picture(8, "u1")
    pixels = read(write_film(tmp_path / "film.dcm", array, syntax, **window(0, 255))).pixels
    np.testing.assert_allclose(pixels, array / 255, atol=0.01)


@pytest.mark.parametrize("syntax", [*LOSSLESS_SYNTAXES[:9], HTJ2K_LOSSLESS])
def test_signed_films_agree_bit_for_bit(tmp_path: Path, syntax: str) -> None:
    array = picture(16, "i2")
    pixels = read(write_film(tmp_path / "film.dcm", array, syntax, **window(-32768, 32767))).pixels
    np.testing.assert_array_equal(pixels, ((array.astype("f8") + 32768) / 65535).astype("f4"))


@pytest.mark.parametrize("syntax", [LOSSLESS_SV1, JPEG_LS])
def test_signed_films_of_12_bits_are_extended_from_their_own_sign(tmp_path: Path, syntax: str) -> None:
    array = picture(12, "i2")
    pixels = read(write_film(tmp_path / "film.dcm", array, syntax, BitsStored=12, **window(-2048, 2047))).pixels
    np.testing.assert_array_equal(pixels, ((array.astype("f8") + 2048) / 4095).astype("f4"))


@pytest.mark.parametrize("fragments", [1, 2, 7])
@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("syntax", [LOSSLESS_SV1, JPEG_2000_LOSSLESS, JPEG_LS])
def test_fragments_are_joined_with_and_without_an_offset_table(
    tmp_path: Path, fragments: int, table: bool, syntax: str
) -> None:
    frame = ENCODERS[syntax](picture(), 12)
    value = encapsulate([frame], fragments_per_frame=fragments, has_bot=table)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(film(picture(), BitsStored=12, **FULL), value, syntax))
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))


def test_a_left_out_offset_table_and_delimiter_are_forgiven(tmp_path: Path) -> None:
    frame = ENCODERS[JPEG_LS](picture(), 12)
    frame += b"\0" * (len(frame) % 2)
    value = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(frame)) + frame
    content = file_bytes(film(picture(), BitsStored=12, **FULL), value, JPEG_LS)
    path = tmp_path / "film.dcm"
    path.write_bytes(content.removesuffix(b"\xfe\xff\xdd\xe0\0\0\0\0"))
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))


def test_a_codestream_of_another_kind_than_the_syntax_says_is_decoded(tmp_path: Path) -> None:
    frame = ENCODERS[JPEG_LS](picture(), 12)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(film(picture(), BitsStored=12, **FULL), encapsulate([frame]), JPEG_2000))
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))


def test_a_jp2_container_is_opened(tmp_path: Path) -> None:
    frame = imagecodecs.jpeg2k_encode(picture(), 0, codecformat="jp2", reversible=True, bitspersample=12)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(film(picture(), BitsStored=12, **FULL), encapsulate([frame]), JPEG_2000))
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))


@pytest.mark.parametrize("syntax", [LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS])
def test_the_precision_of_the_codestream_overrides_bits_stored(tmp_path: Path, syntax: str) -> None:
    frame = ENCODERS[syntax](picture(), 12)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(film(picture(), BitsStored=10, **FULL), encapsulate([frame]), syntax))
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))


def test_the_sign_of_the_codestream_overrides_pixel_representation(tmp_path: Path) -> None:
    array = picture(16, "i2")
    frame = ENCODERS[JPEG_2000_LOSSLESS](array, 16)
    path = tmp_path / "film.dcm"
    attributes = {"PixelRepresentation": 0, **window(-32768, 32767)}
    path.write_bytes(file_bytes(film(array, **attributes), encapsulate([frame]), JPEG_2000_LOSSLESS))
    np.testing.assert_array_equal(read(path).pixels, ((array.astype("f8") + 32768) / 65535).astype("f4"))


def test_an_overlay_compressed_with_the_pixels_is_masked(tmp_path: Path) -> None:
    words = picture()
    words[4:9, 4:9] |= 1 << 15
    ds = film(picture(), BitsStored=12, **FULL)
    ds.add_new(0x60000100, "US", 16)
    ds.add_new(0x60000102, "US", 15)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, encapsulate([ENCODERS[LOSSLESS_SV1](words, 16)]), LOSSLESS_SV1))
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("start", ["the preamble", "the meta information", "the identification"])
def test_files_without_preamble_or_meta_information_are_read(tmp_path: Path, syntax: str, start: str) -> None:
    whole = file_bytes(film(picture(), BitsStored=12, **FULL), native_bytes(picture(), syntax == BIG_ENDIAN), syntax)
    order = ">" if syntax == BIG_ENDIAN else "<"
    offset = {
        "the preamble": 0,
        "the meta information": 132,
        "the identification": whole.index(struct.pack(f"{order}HH", 0x0008, 0x0016)),
    }[start]
    path = tmp_path / "film"
    path.write_bytes(whole[offset:])
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))


def test_a_missing_transfer_syntax_is_guessed(tmp_path: Path) -> None:
    whole = file_bytes(film(picture(), BitsStored=12, **FULL), native_bytes(picture()))
    start = whole.index(b"\x02\x00\x10\x00UI")
    path = tmp_path / "film.dcm"
    path.write_bytes(whole[:start] + whole[start + 8 + whole[start + 6] :])
    film_read = read(path)
    assert film_read.header.TransferSyntaxUID == ""
    np.testing.assert_array_equal(film_read.pixels, (picture() / 4095).astype("f4"))


def test_native_pixels_under_a_compressed_syntax_are_read(tmp_path: Path) -> None:
    whole = file_bytes(film(picture(), BitsStored=12, **FULL), native_bytes(picture()))
    path = tmp_path / "film.dcm"
    path.write_bytes(whole.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"))
    np.testing.assert_array_equal(read(path).pixels, (picture() / 4095).astype("f4"))
