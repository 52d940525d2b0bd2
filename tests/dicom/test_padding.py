"""Padding is black and counts for nothing (PS3.3 C.7.5.1.1.2)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom.files import blocks, file_bytes, film, native_bytes, window, write_film

from dicom_router.dicom.reading import read


def padded(folder: Path, values: list[int], dtype: str = "u2", **attributes: Any) -> tuple[list[float], list[bool]]:
    """Return the greys and the validity of blocks of ``values``."""
    read_film = read(write_film(folder / "film.dcm", blocks(values, dtype), **attributes))
    assert read_film.valid is not None
    count = len(values)
    return read_film.pixels[::4, ::4].ravel()[:count].tolist(), read_film.valid[::4, ::4].ravel()[:count].tolist()


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_after_inversion(tmp_path: Path, photometric: str) -> None:
    attributes = {"PixelPaddingValue": 400, "PhotometricInterpretation": photometric, **window(0, 400)}
    greys, valid = padded(tmp_path, [100, 200, 300, 400], **attributes)
    assert greys == ([0.75, 0.5, 0.25, 0.0] if photometric == "MONOCHROME1" else [0.25, 0.5, 0.75, 0.0])
    assert valid == [True, True, True, False]


@pytest.mark.parametrize(("value", "limit"), [(0, 100), (100, 0)])
def test_a_range_of_padding_includes_both_ends(tmp_path: Path, value: int, limit: int) -> None:
    attributes = {"PixelPaddingValue": value, "PixelPaddingRangeLimit": limit}
    assert padded(tmp_path, [0, 50, 100, 101, 200], **attributes)[1] == [False, False, False, True, True]


def test_padding_is_compared_before_rescaling(tmp_path: Path) -> None:
    attributes = {"PixelPaddingValue": 100, "RescaleSlope": 2, "RescaleIntercept": 0}
    assert padded(tmp_path, [50, 100, 200, 250], **attributes)[1] == [True, False, True, True]


def test_signed_padding_is_compared_signed(tmp_path: Path) -> None:
    attributes = {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1000}
    assert padded(tmp_path, [-2000, -1500, -999, 100], "i2", **attributes)[1] == [False, False, True, True]


def with_raw_padding(array: np.ndarray, pattern: int, vr: str, **attributes: Any) -> bytes:
    ds = film(array, **attributes)
    ds.add_new(0x00280120, vr, pattern)
    return file_bytes(ds, native_bytes(array))


def test_padding_written_with_the_wrong_sign_is_read_by_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(with_raw_padding(blocks([-2000, 0, 100, 200], "i2"), 63536, "US"))
    valid = read(path).valid
    assert valid is not None
    assert valid[0, ::4].tolist() == [False, True, True, True]


def test_padding_not_extended_beyond_bits_stored_is_found(tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    values = [value & 0xFFF for value in (-2000, 0, 100, 200)]
    ds = {"BitsStored": 12, "PixelRepresentation": 1}
    path.write_bytes(with_raw_padding(blocks(values), -2000 & 0xFFF, "SS", **ds))
    valid = read(path).valid
    assert valid is not None
    assert valid[0, ::4].tolist() == [False, True, True, True]


def test_padding_beyond_bits_stored_is_compared_with_whole_words(tmp_path: Path) -> None:
    # 0xFFFF and 0x0FFF have the same low 12 bits; only the first is padding
    attributes = {"PixelPaddingValue": 0xFFFF, "BitsStored": 12, **window(0, 4095)}
    greys, valid = padded(tmp_path, [0, 0xFFF, 0xFFFF, 819], **attributes)
    assert valid == [True, True, False, True]
    np.testing.assert_allclose(greys, [0.0, 1.0, 0.0, 0.2], rtol=1e-6)


@pytest.mark.parametrize(
    "attributes", [{"PixelPaddingValue": 100}, {"PixelPaddingValue": 0xF000, "PixelPaddingRangeLimit": 0}]
)
def test_padding_that_leaves_nothing_is_not_believed(tmp_path: Path, attributes: dict[str, int]) -> None:
    read_film = read(write_film(tmp_path / "film.dcm", blocks([100]), BitsStored=12, **attributes, **window(0, 200)))
    assert read_film.valid is None
    assert read_film.pixels[0, 0] == 0.5


def test_padding_that_no_pixel_has_leaves_all_valid(tmp_path: Path) -> None:
    assert read(write_film(tmp_path / "film.dcm", blocks([1, 2]), PixelPaddingValue=9)).valid is None
