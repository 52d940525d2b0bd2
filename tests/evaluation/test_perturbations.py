"""Films as they may also arrive."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model.films import write_film

from dicom_router.dicom.film import Film, Header
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess
from dicom_router.dicom.reading import read
from dicom_router.errors import DataError
from dicom_router.evaluation.perturbations import PERTURBATIONS, UNTOUCHED, Perturbation
from dicom_router.evaluation.perturbing import WAYS, Reading, arriving, film_in_all_ways, pixels_of_films

SPEC = PreprocessingSpec(48, "letterbox")
BY_NAME = {way.name: way for way in PERTURBATIONS}


def picture(rows: int = 120, columns: int = 90, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 0.9, (rows, columns)).astype(np.float32)


def changed(way: Perturbation, film: np.ndarray, seed: int = 0) -> np.ndarray:
    return way.change(film, np.random.default_rng(seed))


@pytest.mark.parametrize("way", PERTURBATIONS, ids=lambda way: way.name)
@given(rows=st.integers(16, 80), columns=st.integers(16, 80), seed=st.integers(0, 99))
def test_greys_stay_greys(way: Perturbation, rows: int, columns: int, seed: int) -> None:
    result = changed(way, picture(rows, columns, seed), seed)
    assert result.ndim == 2 and result.dtype == np.float32
    assert result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("way", PERTURBATIONS, ids=lambda way: way.name)
def test_a_perturbation_changes_a_copy_and_the_seed_alone_decides(way: Perturbation) -> None:
    original = picture()
    first, second = changed(way, original), changed(way, original)
    np.testing.assert_array_equal(original, picture())
    np.testing.assert_array_equal(first, second)
    assert first.shape != original.shape or not np.array_equal(first, original)


@pytest.mark.parametrize("way", PERTURBATIONS, ids=lambda way: way.name)
def test_rows_become_columns_where_it_says_so(way: Perturbation) -> None:
    tall = picture(200, 50)
    assert (changed(way, tall).shape == (50, 200)) == way.turned


@pytest.mark.parametrize(("name", "times"), [("inverted", 2), ("mirrored", 2), ("turned_180", 2), ("turned_90", 4)])
def test_often_enough_gives_the_film_back(name: str, times: int) -> None:
    result = picture()
    for _ in range(times):
        result = changed(BY_NAME[name], result)
    np.testing.assert_allclose(result, picture(), atol=1e-6)


def test_a_hard_window_loses_the_darkest_and_the_brightest() -> None:
    result = changed(BY_NAME["hard_window"], picture())
    assert (result == 0).mean() == pytest.approx(0.15, abs=0.01) == (result == 1).mean()


def test_a_screenshot_has_256_greys() -> None:
    film = picture(300, 300)
    screen = changed(BY_NAME["screenshot"], film)
    greys = screen[-300:] * 255  # below the tool bar
    np.testing.assert_allclose(greys, np.rint(greys), atol=1e-4)
    assert len(np.unique(film)) > 1000 and len(np.unique(greys)) <= 256


def film_with(aspect: float, valid: np.ndarray | None = None) -> Film:
    return Film(picture(), valid, replace(Header("dicom"), pixel_aspect=aspect))


def test_pixels_that_are_not_square_are_turned_too() -> None:
    turned = arriving(film_with(2.0), BY_NAME["turned_90"], np.random.default_rng(0))
    assert turned.header.pixel_aspect == 0.5
    expected = np.rot90(preprocess(film_with(2.0), SPEC))
    np.testing.assert_array_equal(preprocess(turned, SPEC), expected)


def test_padding_arrives_as_black_and_its_negative_as_white() -> None:
    valid = np.ones((120, 90), bool)
    valid[:, :40] = False
    film = film_with(1.0, valid)
    film.pixels[:, :40] = 0
    inverted = preprocess(arriving(film, BY_NAME["inverted"], np.random.default_rng(0)), SPEC)
    assert inverted[24, 10] == 255 and preprocess(film, SPEC)[24, 10] == 0
    assert arriving(film, UNTOUCHED, np.random.default_rng(0)).valid is valid


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for number in range(3):
        write_film(tmp_path / f"{number}.dcm", np.uint8(255 * picture(40, 30, number)), synthetic=True)
    return tmp_path


def test_films_come_in_order_in_every_way_whatever_the_processes(data: Path) -> None:
    reading, paths = Reading(data, SPEC, 1), ["2.dcm", "0.dcm"]
    two = list(pixels_of_films(reading, paths, 2, 60))
    assert [each.shape for each in two] == [(len(WAYS), 48, 48)] * 2
    for path, pixels in zip(paths, two, strict=True):
        np.testing.assert_array_equal(pixels, film_in_all_ways(reading, path))
        np.testing.assert_array_equal(pixels[0], preprocess(read(data / path), SPEC))


def test_a_film_that_can_no_longer_be_read_stops_it_by_name(data: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.dcm was read by validate and is now missing_file"):
        list(pixels_of_films(Reading(data, SPEC, 1), ["0.dcm", "gone.dcm"], 1, 60))
