"""Batches from the device's own memory, or from a thread that reads ahead: the same as from the memory map."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from model.made_up import RECIPE, made_up_images

from dicom_router.errors import DataError
from dicom_router.model.training.batches import EpochBatches, Images, in_order
from dicom_router.model.training.feeding import Resident, Streamed, feed

CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", [Resident, Streamed])
@pytest.mark.parametrize("epoch", [0, 1])
def test_batches_are_those_of_the_memory_map(kind: type[Resident | Streamed], epoch: int) -> None:
    images = made_up_images(30)
    some = Images(images.pixels, np.arange(29, -1, -1), images.labels[::-1].copy())
    positions = EpochBatches(some, RECIPE)
    positions.set_epoch(epoch)
    expected, found = list(feed(some, positions, CPU)), list(kind(some, positions, CPU))
    assert len(found) == len(expected) == len(kind(some, positions, CPU))
    for (pixels, labels), (known, whose) in zip(found, expected, strict=True):
        assert torch.equal(pixels, known) and torch.equal(labels, whose)


def test_incomplete_batches_come_too() -> None:
    images = made_up_images(10)
    assert [len(labels) for _, labels in Resident(images, in_order(10, 4), CPU)] == [4, 4, 2]


class Breaking:
    """Positions that end in what is not there."""

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[list[int]]:
        yield [0, 1]
        yield [99]


def test_a_reader_that_dies_is_named_with_its_reason() -> None:
    batches = iter(Streamed(made_up_images(10), Breaking(), CPU))
    next(batches)
    with pytest.raises(
        DataError, match=r"reader of the training pixels died \(IndexError.*goes on from its last whole"
    ):
        next(batches)


def test_who_takes_no_more_batches_leaves_no_reader_behind() -> None:
    import threading

    batches = iter(Streamed(made_up_images(30), EpochBatches(made_up_images(30), RECIPE), CPU))
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name == "reader of the training pixels":
            thread.join(timeout=10)
            assert not thread.is_alive()


def test_a_memory_map_reaches_another_process_by_its_name(tmp_path: Path) -> None:
    pixels = made_up_images(50).pixels
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = Images(np.load(tmp_path / "pixels.npy", mmap_mode="r"), np.arange(50), np.arange(50) % 5)
    sent = pickle.dumps(mapped)
    assert len(sent) < pixels.nbytes / 10
    assert np.array_equal(pickle.loads(sent).pixels, pixels)
