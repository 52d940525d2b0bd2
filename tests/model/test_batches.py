"""The order of training images."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from model.made_up import RECIPE, made_up_images

from dicom_router.labels import CLASSES
from dicom_router.model.training.batches import EpochBatches, Images, batches_in_order, class_weights
from dicom_router.model.training.feeding import feed


def order(images: Images, epoch: int, balance: str = "none", seed: int = 7) -> list[list[int]]:
    batches = EpochBatches(images, replace(RECIPE, balance=balance, seed=seed))
    batches.set_epoch(epoch)
    return list(batches)


def unbalanced() -> Images:
    """Return 100 images, 96 of class 0 and one of each other."""
    images = made_up_images(100)
    return Images(images.pixels, images.rows, np.concatenate([np.zeros(96, np.int64), [1, 2, 3, 4]]))


def test_an_epoch_takes_each_image_at_most_once_and_leaves_less_than_a_batch() -> None:
    taken = np.concatenate(order(made_up_images(60), epoch=0))
    assert len(set(taken.tolist())) == len(taken) == 56


def test_the_epoch_decides_the_order() -> None:
    images = made_up_images(60)
    assert order(images, 3) == order(images, 3) != order(images, 4)


def test_fewer_images_than_a_batch_are_one_batch() -> None:
    assert [len(batch) for batch in order(made_up_images(5), 0)] == [5]


def test_the_sampler_draws_rare_classes_as_often_as_frequent_ones() -> None:
    images = unbalanced()
    drawn = np.concatenate([order(images, epoch, "sampler") for epoch in range(30)]).ravel()
    shares = np.bincount(images.labels[drawn], minlength=5) / len(drawn)
    np.testing.assert_allclose(shares, 0.2, atol=0.04)


@given(st.lists(st.integers(0, 500), min_size=5, max_size=5).filter(any))
def test_weights_give_each_class_present_the_same_say(counts: list[int]) -> None:
    weighted = class_weights(np.array(counts)) * counts
    present = np.array(counts) > 0
    np.testing.assert_allclose(weighted[present], sum(counts) / present.sum(), rtol=1e-5)
    assert (weighted[~present] == 0).all()


def test_a_batch_holds_stored_pixels_and_class_positions() -> None:
    images = made_up_images(20)
    pixels, labels = next(iter(feed(images, EpochBatches(images, RECIPE), torch.device("cpu"))))
    assert pixels.dtype == torch.uint8 and pixels.shape == (8, 32, 32)
    assert labels.dtype == torch.int64 and set(labels.tolist()) <= set(range(len(CLASSES)))


def test_in_order_every_image_comes_once() -> None:
    images = made_up_images(13)
    labels = torch.cat([labels for _, labels in batches_in_order(images, 4)])
    assert labels.tolist() == images.labels.tolist()


def test_rows_choose_from_the_memory_map() -> None:
    images = made_up_images(10)
    some = Images(images.pixels, np.array([7, 2]), images.labels[[7, 2]])
    assert np.array_equal(some[[1, 0]][0].numpy(), images.pixels[[2, 7]])
