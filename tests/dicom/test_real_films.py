"""Real films: the same hip in eight transfer syntaxes, and the traps of ChestX-ray14."""

from pathlib import Path

import numpy as np
import pytest

from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess
from dicom_router.dicom.reading import read, read_header

LOSSLESS = ["RLE", "JPLL", "JLSL", "J2KR"]
LOSSY = ["JPLY", "JLSN", "J2KI"]


def hip(real_xr: Path, name: str) -> Path:
    return real_xr / "nema" / "images" / f"RG2_{name}.dcm"


@pytest.mark.parametrize("name", LOSSLESS)
def test_the_hip_is_the_same_in_every_lossless_syntax(real_xr: Path, name: str) -> None:
    np.testing.assert_array_equal(read(hip(real_xr, name)).pixels, read(hip(real_xr, "UNC")).pixels)


@pytest.mark.parametrize("name", LOSSY)
def test_the_hip_is_nearly_the_same_in_every_lossy_syntax(real_xr: Path, name: str) -> None:
    difference = np.abs(read(hip(real_xr, name)).pixels - read(hip(real_xr, "UNC")).pixels)
    assert difference.mean() < 0.01


@pytest.mark.parametrize("number", [1, 4, 5, 6])
def test_films_with_wrong_headers_are_read_as_what_they_are(real_xr: Path, number: int) -> None:
    film = read(real_xr / "nih" / "images" / f"test{number}.dcm")
    assert film.pixels.shape == (1024, 1024)
    assert film.header.age_years == 81
    np.testing.assert_array_equal(film.pixels, read(real_xr / "nih" / "images" / "test1.dcm").pixels)


@pytest.mark.parametrize("site", ["hannover", "nih", "kermany", "jordan", "oai", "nema"])
def test_every_real_film_is_read(real_xr: Path, site: str) -> None:
    paths = sorted((real_xr / site / "images").iterdir())
    assert paths
    for path in paths[:: max(1, len(paths) // 15)]:
        film = read(path)
        assert film.header == read_header(path)
        assert preprocess(film, PreprocessingSpec(64, "letterbox")).std() > 10
