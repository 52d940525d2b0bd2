"""The pixel cache as batches: one read of the memory map each, in an order that the seed and the epoch decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from dicom_router.labels import CLASSES
from dicom_router.model.training.recipe import Recipe
from dicom_router.model.training.seeds import derive_seed

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Images(Dataset[Batch]):
    """Some rows of the pixel cache with their labels; a list of positions gives a batch."""

    pixels: NDArray[np.uint8]  # (M, S, S), memory-mapped or not
    rows: NDArray[np.int64]  # (N,), into pixels
    labels: NDArray[np.int64]  # (N,), into CLASSES

    def __len__(self) -> int:
        return len(self.rows)

    def __reduce__(self) -> tuple[Any, ...]:
        """Reach another process by the name of the memory map, not by its content."""
        if isinstance(self.pixels, np.memmap) and self.pixels.filename is not None:
            return _reopened, (str(self.pixels.filename), self.rows, self.labels)
        return Images, (self.pixels, self.rows, self.labels)

    def __getitem__(self, positions: list[int]) -> Batch:
        """Return pixels ``(B, S, S)`` uint8 and labels ``(B,)`` int64."""
        return torch.from_numpy(self.pixels[self.rows[positions]]), torch.from_numpy(self.labels[positions])

    @property
    def image_size(self) -> int:
        """Return S."""
        return int(self.pixels.shape[1])

    def counts(self) -> NDArray[np.int64]:
        """Return the number of images of each class, ``(5,)``."""
        return np.bincount(self.labels, minlength=len(CLASSES))


def _reopened(path: str, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> Images:
    return Images(np.load(path, mmap_mode="r"), rows, labels)


class EpochBatches(Sampler[list[int]]):
    """Positions of each batch of an epoch; the last incomplete batch is left to another epoch's order.

    With ``parts`` each batch comes in as many smaller ones, where a whole one does not fit into memory.
    """

    def __init__(self, images: Images, recipe: Recipe, parts: int = 1) -> None:
        self.labels = torch.from_numpy(images.labels)
        self.weights = torch.from_numpy(class_weights(images.counts()))
        self.batch_size = min(recipe.batch_size, len(images))
        self.parts = parts
        self.balanced = recipe.balance == "sampler"
        self.seed = recipe.seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; Lightning does so, after a resume too."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.labels) // self.batch_size * self.parts

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(derive_seed(self.seed, self.epoch))
        order = self._draw(generator)
        for start in range(0, len(self) // self.parts * self.batch_size, self.batch_size):
            batch = _own_share(order[start : start + self.batch_size])
            yield from (part.tolist() for part in batch.tensor_split(self.parts))

    def _draw(self, generator: torch.Generator) -> Tensor:
        if self.balanced:
            return torch.multinomial(self.weights[self.labels], len(self.labels), True, generator=generator)
        return torch.randperm(len(self.labels), generator=generator)


def _own_share(batch: Tensor) -> Tensor:
    """Return every n-th of a batch that n processes share; all of it where this is the only one."""
    rank, count = place_among_processes()
    return batch[rank::count]


def place_among_processes() -> tuple[int, int]:
    """Return this process's number and how many train together."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()


def class_weights(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return ``(5,)`` weights that give each class present the same say, 1 on average over the images."""
    present = counts > 0
    weights = counts.sum() / (present.sum() * np.maximum(counts, 1))
    return np.where(present, weights, 0).astype(np.float32)


def in_order(count: int, batch_size: int) -> list[list[int]]:
    """Return the positions of ``count`` images once, in their own order."""
    return [list(range(start, min(start + batch_size, count))) for start in range(0, count, batch_size)]


def batches_in_order(images: Images, batch_size: int) -> DataLoader[Batch]:
    """Return all images once, in their own order."""
    return DataLoader(images, batch_size=None, sampler=in_order(len(images), batch_size))
