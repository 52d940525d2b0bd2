"""Figures of quality: what they are of films made up, and what moves them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dicom_router.dicom.film import Header
from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.monitoring.quality import Quality, film_in, noise, quality, sharpness

SIZE = 64
SPEC = PreprocessingSpec(image_size=SIZE, fit="letterbox")
SQUARE = Header("dicom", Rows=2000, Columns=2000)
RANDOM = np.random.default_rng(0)


def body() -> NDArray[np.float64]:
    """Return a smooth grey body with an edge."""
    rows, columns = np.mgrid[:SIZE, :SIZE] / SIZE
    return 0.3 + 0.3 * np.sin(3 * rows) * columns + 0.2 * (columns > 0.5)


def of(greys: NDArray[np.float64], header: Header = SQUARE) -> Quality:
    return quality(np.rint(np.clip(greys, 0, 1) * 255).astype(np.uint8), header, SPEC)


def test_the_bars_that_fill_the_square_are_no_film() -> None:
    pixels = np.zeros((SIZE, SIZE), np.uint8)
    pixels[:, 16:48] = 100
    tall = Header("dicom", Rows=2000, Columns=1000)
    assert film_in(pixels, tall, SPEC).shape == (64, 32)
    assert quality(pixels, tall, SPEC) == Quality(100 / 255, 0.0, 0.0, 2000.0, 0.0)


@pytest.mark.parametrize("sigma", [0.02, 0.05])
def test_noise_is_its_standard_deviation(sigma: float) -> None:
    noisy = body() + RANDOM.normal(0, sigma, (SIZE, SIZE))
    assert noise(noisy) == pytest.approx(sigma, rel=0.15)
    assert noise(body()) < 0.01


def test_a_blurred_film_is_less_sharp_and_one_of_less_contrast_is_not() -> None:
    sharp = body()
    blurred = sum(np.roll(sharp, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)) / 9
    assert sharpness(blurred) < 0.8 * sharpness(sharp)
    assert sharpness(0.5 * sharp) == pytest.approx(sharpness(sharp))


def test_a_bright_film_has_a_higher_exposure_and_a_clipped_one_is_saturated() -> None:
    assert of(body() + 0.2).exposure == pytest.approx(of(body()).exposure + 0.2, abs=0.01)
    assert of(body()).saturation == 0.0
    assert of(2 * body()).saturation > 0.3


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (3, 3)])
def test_a_film_of_few_pixels_has_figures_too(shape: tuple[int, int]) -> None:
    assert noise(np.ones(shape)) == sharpness(np.ones(shape)) == 0.0
