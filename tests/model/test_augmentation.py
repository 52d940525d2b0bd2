"""Variation of training images."""

from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model.made_up import LIVELY, STILL, band_pixels
from torch import Generator, Tensor

from dicom_router.model.training.augmentation import affine_matrices, augment
from dicom_router.model.training.recipe import Augmentation


def batch() -> Tensor:
    return torch.stack([torch.from_numpy(band_pixels(label)) for label in range(5)])


def varied(magnitudes: Augmentation, seed: int = 0) -> Tensor:
    return augment(batch(), magnitudes, Generator().manual_seed(seed))[0]


def test_without_magnitudes_only_the_scale_changes() -> None:
    torch.testing.assert_close(varied(STILL)[:, 0], batch().float() / 255, atol=1e-6, rtol=0)


def test_the_seed_alone_decides() -> None:
    assert torch.equal(varied(LIVELY, 3), varied(LIVELY, 3))
    assert not torch.equal(varied(LIVELY, 3), varied(LIVELY, 4))


def test_images_of_a_batch_are_varied_each_on_its_own() -> None:
    twins = batch()[[0, 0]]
    first, second = augment(twins, LIVELY, Generator().manual_seed(0))[0]
    assert not torch.equal(first, second)


def test_a_certain_flip_mirrors_left_and_right() -> None:
    mirrored = varied(replace(STILL, flip=1.0))[:, 0]
    torch.testing.assert_close(mirrored, batch().float().flip(-1) / 255, atol=1e-5, rtol=0)


def test_every_rotation_lies_between_the_least_and_the_greatest() -> None:
    magnitudes = replace(STILL, rotation=10.0, rotation_from=5.0)
    matrices, _ = affine_matrices(400, magnitudes, Generator().manual_seed(0))
    degrees = torch.rad2deg(torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert degrees.abs().min() >= 5 - 1e-4 and degrees.abs().max() <= 10 + 1e-4
    assert (degrees > 0).any() and (degrees < 0).any()


def test_a_certain_inversion_is_the_negative() -> None:
    torch.testing.assert_close(varied(replace(STILL, invert=1.0))[:, 0], 1 - batch().float() / 255, atol=1e-5, rtol=0)


def test_a_certain_quarter_turn_is_one_of_three_and_leaves_the_rest_as_it_was() -> None:
    many = batch()[[0] * 40]
    images, turned = augment(many, replace(STILL, quarter_turn=1.0), Generator().manual_seed(0))
    original = many[0].float() / 255
    kinds = [
        next(n for n in range(4) if torch.allclose(each, torch.rot90(original, n), atol=1e-4)) for each in images[:, 0]
    ]
    assert set(kinds) == {1, 2, 3}
    assert turned.all()


def test_the_images_said_to_be_turned_are_those_that_are() -> None:
    many = batch()[[0] * 40]
    images, turned = augment(many, replace(STILL, quarter_turn=0.5), Generator().manual_seed(0))
    as_it_was = [torch.allclose(each, many[0].float() / 255, atol=1e-4) for each in images[:, 0]]
    assert (~turned).tolist() == as_it_was
    assert 0 < turned.sum() < 40


@given(st.integers(0, 2**32), st.floats(0, 0.9), st.floats(0, 4), st.sampled_from([0.0, 1.0]))
def test_greys_stay_in_range_and_black_stays_black(seed: int, share: float, gamma: float, invert: float) -> None:
    magnitudes = replace(STILL, gain=share, contrast=share, gamma=gamma, invert=invert)
    pixels = batch()
    pixels[:, :8] = 0
    result, _ = augment(pixels, magnitudes, Generator().manual_seed(seed))
    assert result.min() >= 0 and result.max() <= 1 + 1e-6
    assert result[:, :, :7].max() == 0


@pytest.mark.parametrize("name", [field.name for field in fields(Augmentation)])
def test_each_magnitude_does_something(name: str) -> None:
    strength = 20.0 if name == "rotation" else 0.5
    assert not torch.allclose(varied(replace(STILL, **{name: strength})), varied(STILL), atol=1e-3)


def test_a_shift_moves_by_no_more_than_its_share_of_the_side() -> None:
    dot = torch.zeros(200, 32, 32, dtype=torch.uint8)
    dot[:, 15:17, 15:17] = 255
    moved = augment(dot, replace(STILL, shift=0.25), Generator().manual_seed(0))[0][:, 0]
    weights = moved / moved.sum((1, 2), keepdim=True)
    columns = (weights.sum(1) * torch.arange(32)).sum(1)
    assert 6 < (columns - 15.5).abs().max() <= 8.01
