"""Beer-Lambert, the logarithm that undoes it, scatter and noise."""

from dataclasses import replace

import numpy as np
import pytest

from dicom_router.sample.dice import Dice
from dicom_router.sample.physics import Exposure, beam, blurred, detected, logarithm, smooth, transmitted

QUIET = Exposure(scatter=0.0, dose=1e9, heel=(0.0, 0.0), blur=0.01, leak=0.0)
OPEN = np.ones((64, 64), dtype=np.float32)


def _flat(attenuation: float) -> np.ndarray:
    return np.full((64, 64), attenuation, dtype=np.float32)


@pytest.mark.parametrize("attenuation", [0.1, 1.0, 5.0])
def test_transmission_follows_beer_and_lambert(attenuation: float) -> None:
    assert transmitted(_flat(attenuation)) == pytest.approx(np.exp(-_flat(attenuation)), rel=2e-3)


@pytest.mark.parametrize("attenuation", [0.1, 1.0, 5.0])
def test_logarithm_of_the_dose_is_the_attenuation(attenuation: float) -> None:
    assert logarithm(transmitted(_flat(attenuation))) == pytest.approx(_flat(attenuation), abs=0.01)


def test_scatter_adds_dose_behind_the_body() -> None:
    plain = detected(_flat(3.0), OPEN, QUIET, Dice(1, 1, 1, 1))
    assert (detected(_flat(3.0), OPEN, replace(QUIET, scatter=0.5), Dice(1, 1, 1, 1)) > 1.3 * plain).all()


def test_less_dose_is_more_noise() -> None:
    few, many = (detected(_flat(3.0), OPEN, replace(QUIET, dose=dose), Dice(1, 1, 1, 1)).std() for dose in (0.1, 10.0))
    assert few > 5.0 * many


def test_closed_collimator_lets_only_the_leak_through() -> None:
    dose = detected(_flat(0.0), 0.0 * OPEN, replace(QUIET, leak=0.01), Dice(1, 1, 1, 1))
    assert dose == pytest.approx(_flat(0.01), rel=0.05)


def test_hard_beam_makes_bone_pale() -> None:
    soft, hard = beam(55.0), beam(120.0)
    assert soft.bone / soft.soft > 1.5 * hard.bone / hard.soft


@pytest.mark.parametrize("filtered", [blurred(_flat(2.0), 1.3), smooth(_flat(2.0), 12.0)], ids=["narrow", "wide"])
def test_blur_keeps_an_even_image(filtered: np.ndarray) -> None:
    assert filtered == pytest.approx(_flat(2.0), rel=1e-5)
