"""Colour to grey: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), in every way that colour is stored."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from dicom.files import (
    BASELINE,
    BIG_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    blocks,
    file_bytes,
    film,
    native_bytes,
    shown,
    write_film,
)
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian

from dicom_router.dicom.reading import read

PRIMARIES = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]
GREYS = [0.299, 0.587, 0.114, 1.0]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, BIG_ENDIAN, RLE, LOSSLESS_SV1, JPEG_LS, JPEG_2000_LOSSLESS])
def test_rgb_is_its_luminance(tmp_path: Path, syntax: str) -> None:
    assert shown(tmp_path, PRIMARIES, "u1", syntax=syntax) == GREYS


def test_rgb_of_16_bits_is_scaled_by_its_bits(tmp_path: Path) -> None:
    sixteen = [[65535 * (value // 255) for value in colour] for colour in PRIMARIES]
    assert shown(tmp_path, sixteen, "u2") == GREYS


def test_separate_planes_are_put_together(tmp_path: Path) -> None:
    array = blocks(PRIMARIES, "u1")
    ds = film(array, PlanarConfiguration=1)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, np.moveaxis(array, -1, 0).tobytes()))
    np.testing.assert_allclose(read(path).pixels[0, ::4], GREYS, rtol=1e-6)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLE])
def test_the_luminance_of_ybr_is_taken_as_it_is(tmp_path: Path, syntax: str) -> None:
    colours = [[0, 128, 128], [51, 9, 250], [102, 128, 128], [255, 128, 128]]
    greys = shown(tmp_path, colours, "u1", syntax=syntax, PhotometricInterpretation="YBR_FULL")
    assert greys == [0.0, 0.2, 0.4, 1.0]


@pytest.mark.parametrize(("photometric", "expected"), [("YBR_FULL_422", 51 / 255), ("YBR_PARTIAL_422", 35 / 219)])
def test_subsampled_chrominance_is_skipped(tmp_path: Path, photometric: str, expected: float) -> None:
    quadruples = np.tile(np.array([51, 51, 9, 250], "u1"), 16 * 8)
    ds = film(blocks([[0, 0, 0]], "u1"), PhotometricInterpretation=photometric)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, quadruples.tobytes()))
    np.testing.assert_allclose(read(path).pixels, expected, rtol=1e-6)


def encoded_jpeg(tmp_path: Path, **options: Any) -> Path:
    """Write the primaries as JPEG baseline whose header says ``photometric``."""
    photometric = options.pop("photometric")
    frame = imagecodecs.jpeg8_encode(blocks(PRIMARIES, "u1"), 100, **options)
    path = tmp_path / "film.dcm"
    path.write_bytes(
        file_bytes(film(blocks(PRIMARIES, "u1"), PhotometricInterpretation=photometric), encapsulate([frame]), BASELINE)
    )
    return path


@pytest.mark.parametrize("stored", ["YCBCR", "RGB"])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
def test_the_markers_of_a_jpeg_are_believed_before_the_header(tmp_path: Path, stored: str, photometric: str) -> None:
    path = encoded_jpeg(tmp_path, colorspace="RGB", outcolorspace=stored, photometric=photometric)
    np.testing.assert_allclose(read(path).pixels[2, 2::4], GREYS, atol=0.01)


WRITERS = ["dcmtk_+eb+cr", "dcmtk_+eb+cy+n1", "dcmtk_+eb+cy+np", "dcmtk_+eb+cy+s4", "gdcm_KY", "jpeg_gdcm"]


@pytest.mark.parametrize("writer", WRITERS)
def test_the_colours_of_other_writers_agree(writer: str) -> None:
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    expected = read(folder / "SC_rgb_rle.dcm").pixels
    np.testing.assert_allclose(read(folder / f"SC_rgb_{writer}.dcm").pixels, expected, atol=0.02)


def test_a_palette_shows_its_colours(tmp_path: Path) -> None:
    tables = {}
    for channel, entries in zip(("Red", "Green", "Blue"), np.transpose(PRIMARIES), strict=True):
        tables[f"{channel}PaletteColorLookupTableDescriptor"] = [4, 0, 8]
        tables[f"{channel}PaletteColorLookupTableData"] = entries.astype("<u2").tobytes()
    greys = shown(tmp_path, [0, 1, 2, 3], "u1", PhotometricInterpretation="PALETTE COLOR", **tables)
    assert greys == GREYS


def test_the_window_of_a_colour_film_is_ignored(tmp_path: Path) -> None:
    assert shown(tmp_path, PRIMARIES, "u1", WindowCenter=5, WindowWidth=3) == GREYS


def test_odd_sizes_survive_big_endian_words(tmp_path: Path) -> None:
    array = np.arange(17 * 17 * 3, dtype="u1").reshape(17, 17, 3)
    ds = film(array)
    swapped = np.frombuffer(native_bytes(array), "<u2").byteswap().tobytes()
    path = tmp_path / "film.dcm"
    raw = file_bytes(ds, swapped, BIG_ENDIAN)
    path.write_bytes(raw.replace(b"\x7f\xe0\x00\x10OB", b"\x7f\xe0\x00\x10OW"))
    expected = read(write_film(tmp_path / "plain.dcm", array)).pixels
    np.testing.assert_array_equal(read(path).pixels, expected)
