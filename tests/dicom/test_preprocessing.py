"""The only preprocessing there is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_router.dicom.film import Film, Header, is_constant
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess
from dicom_router.dicom.resampling import area_weights, linear_weights
from dicom_router.errors import DataError


def film(pixels: object, valid: object = None, aspect: float = 1.0) -> Film:
    array = np.array(pixels, "f4")
    mask = None if valid is None else np.array(valid, bool)
    return Film(array, mask, Header("dicom", pixel_aspect=aspect))


LETTERBOX_2, STRETCH_2 = PreprocessingSpec(2, "letterbox"), PreprocessingSpec(2, "stretch")


def test_every_output_pixel_is_the_average_of_its_area() -> None:
    pixels = [[0.0, 1.0, 0.2, 0.2], [1.0, 0.0, 0.2, 0.2], [0.4, 0.4, 1.0, 1.0], [0.4, 0.4, 1.0, 1.0]]
    assert preprocess(film(pixels), STRETCH_2).tolist() == [[128, 51], [102, 255]]


def test_areas_that_cut_through_pixels_take_their_share() -> None:
    # 3 columns to 2: each output covers one and a half: (1 * 0.3 + 0.5 * 0.9) / 1.5 and (0.5 * 0.9 + 1 * 0) / 1.5
    assert preprocess(film([[0.3, 0.9, 0.0]] * 2), STRETCH_2).tolist() == [[128, 76]] * 2


def test_invalid_pixels_count_for_nothing() -> None:
    pixels = [[0.8, 0.0, 0.0, 0.0], [0.4, 0.0, 0.0, 0.0]] * 2
    valid = [[True, False, False, False]] * 4
    assert preprocess(film(pixels, valid), STRETCH_2).tolist() == [[153, 0], [153, 0]]


def test_a_film_that_is_twice_as_wide_gets_bars_above_and_below() -> None:
    square = preprocess(film(np.ones((20, 40))), PreprocessingSpec(8, "letterbox"))
    assert square[:2].max() == 0
    assert square[6:].max() == 0
    assert square[2:6].min() == 255


def test_a_tall_film_gets_bars_on_both_sides() -> None:
    square = preprocess(film(np.ones((40, 20))), PreprocessingSpec(8, "letterbox"))
    assert square[:, 2:6].min() == 255
    assert square[:, [0, 1, 6, 7]].max() == 0


def test_stretching_fills_the_square() -> None:
    assert preprocess(film(np.ones((20, 40))), PreprocessingSpec(8, "stretch")).min() == 255


def test_pixels_that_are_not_square_are_corrected() -> None:
    # 20 rows of pixels twice as high as wide are as high as 40 columns are wide
    assert preprocess(film(np.ones((20, 40)), aspect=2.0), PreprocessingSpec(8, "letterbox")).min() == 255


def test_a_strip_keeps_at_least_one_pixel() -> None:
    square = preprocess(film(np.ones((1000, 2))), PreprocessingSpec(8, "letterbox"))
    assert np.count_nonzero(square) == 8


def test_small_films_grow_by_linear_interpolation() -> None:
    square = preprocess(film([[0.0, 1.0], [0.0, 1.0]]), PreprocessingSpec(4, "stretch"))
    assert square.tolist() == [[0, 64, 191, 255]] * 4


def test_a_film_of_the_right_size_is_only_rounded() -> None:
    pixels = np.random.default_rng(0).random((8, 8), np.float32)
    np.testing.assert_array_equal(
        preprocess(film(pixels), PreprocessingSpec(8, "letterbox")), np.rint(pixels * 255).astype("u1")
    )


sizes = st.integers(1, 60)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(rows=sizes, columns=sizes, size=st.integers(1, 40), fit=st.sampled_from(["letterbox", "stretch"]))
def test_a_uniform_film_stays_uniform(rows: int, columns: int, size: int, fit: Any) -> None:
    square = preprocess(film(np.full((rows, columns), 0.6)), PreprocessingSpec(size, fit))
    assert set(np.unique(square)) <= {0, 153}
    assert (square == 153).any()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(seed=st.integers(0, 2**16), rows=sizes, columns=sizes, size=st.integers(1, 40))
def test_what_hides_under_padding_never_shows(seed: int, rows: int, columns: int, size: int) -> None:
    random = np.random.default_rng(seed)
    valid = random.random((rows, columns)) < 0.5
    pixels = np.where(valid, 0.6, 0.0)
    assert set(np.unique(preprocess(film(pixels, valid), PreprocessingSpec(size, "stretch")))) <= {0, 153}


@settings(deadline=None, derandomize=True, max_examples=100)
@given(size=st.integers(1, 300), count=st.integers(1, 300))
def test_weights_sum_to_one_and_stay_inside(size: int, count: int) -> None:
    for start, taps in (area_weights if count < size else linear_weights)(np.arange(size + 1.0), count):
        assert 0 <= start <= start + len(taps) <= size
        assert taps.sum() == pytest.approx(1)
        assert taps.min() >= 0


def test_the_output_is_the_same_every_time() -> None:
    random_film = film(np.random.default_rng(2).random((300, 211)))
    spec = PreprocessingSpec(224, "letterbox")
    assert preprocess(random_film, spec).tobytes() == preprocess(random_film, spec).tobytes()
    assert preprocess(random_film, spec).dtype == np.uint8


def test_a_specification_survives_its_dictionary() -> None:
    spec = PreprocessingSpec(224, "letterbox")
    assert spec.to_dict() == {"image_size": 224, "fit": "letterbox"}
    assert PreprocessingSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"image_size": 224}, "fit"),
        ({"image_size": 224, "fit": "letterbox", "crop": 1}, "crop"),
        ({"image_size": "224", "fit": "letterbox"}, "image_size"),
        ({"image_size": 0, "fit": "letterbox"}, "image_size"),
        ({"image_size": True, "fit": "letterbox"}, "image_size"),
        ({"image_size": 224, "fit": "crop"}, "letterbox, stretch"),
    ],
)
def test_another_specification_is_refused_by_name(values: Mapping[str, Any], named: str) -> None:
    with pytest.raises(DataError, match=named):
        PreprocessingSpec.from_dict(values)


@pytest.mark.parametrize(
    ("pixels", "valid", "constant"),
    [
        ([[0.5, 0.5]], None, True),
        ([[0.5, 0.6]], None, False),
        ([[0.5, 0.0]], [[True, False]], True),
        ([[0.0, 0.0]], [[False, False]], True),
    ],
)
def test_a_film_whose_valid_pixels_are_equal_is_constant(pixels: object, valid: object, constant: bool) -> None:
    assert is_constant(film(pixels, valid)) is constant
