"""Batches for a device that must not wait: the pixels lie on it already, or a thread keeps the next ones coming.

On a CPU neither is of use: the process that trains reads the memory map itself.
"""

import queue
import threading
from collections.abc import Iterator, Sized
from dataclasses import dataclass
from typing import Any, Final, Protocol

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from dicom_router.errors import DataError
from dicom_router.model.training.batches import Batch, EpochBatches, Images, in_order
from dicom_router.model.training.recipe import Recipe

SHARE: Final = 0.4  # of the device's free memory that pixels may take; the network wants the rest
AHEAD: Final = 4  # batches that a thread reads ahead
ROWS: Final = 512  # read from the memory map at once
PATIENCE: Final = 5.0  # seconds between two looks at whether the thread lives
NAME: Final = "reader of the training pixels"


class Positions(Protocol):
    """Positions of the images of each batch, batch by batch."""

    def __iter__(self) -> Iterator[list[int]]: ...

    def __len__(self) -> int: ...


class Films(LightningDataModule):
    """The images of a training; where and how their batches come is decided on the device that takes them."""

    def __init__(self, train: Images, validation: Images, recipe: Recipe, parts: int = 1) -> None:
        super().__init__()
        self.train = train
        self.validation = validation
        self.recipe = recipe
        self.parts = parts

    def train_dataloader(self) -> Any:  # noqa: ANN401  (Lightning's own union)
        """Return the batches that train, each in ``parts``."""
        return feed(self.train, EpochBatches(self.train, self.recipe, self.parts), self._device)

    def val_dataloader(self) -> Any:  # noqa: ANN401
        """Return all images held out, in their own order; every process looks at all of them."""
        positions = in_order(len(self.validation), max(1, self.recipe.batch_size // self.parts))
        return feed(self.validation, positions, self._device)

    @property
    def _device(self) -> torch.device:
        assert self.trainer is not None
        return self.trainer.strategy.root_device


def feed(images: Images, positions: Positions, device: torch.device) -> Any:  # noqa: ANN401
    """Return the batches of ``positions``, on ``device`` where that is a GPU."""
    if device.type != "cuda":
        return DataLoader(images, batch_size=None, sampler=positions)
    free, _ = torch.cuda.mem_get_info(device)
    size = len(images) * images.image_size**2
    return (Resident if size <= SHARE * free else Streamed)(images, positions, device)


class Resident(Sized):
    """Batches of pixels that lie on the device as a whole: an epoch's order is all that is copied."""

    def __init__(self, images: Images, positions: Positions, device: torch.device) -> None:
        self.sampler = positions  # Lightning's name, to tell it the epoch
        self.pixels = _on_device(images, device)
        self.labels = torch.from_numpy(images.labels).to(device)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[Batch]:
        batches = list(self.sampler)
        order = torch.tensor([position for batch in batches for position in batch]).to(self.pixels.device)
        start = 0
        for batch in batches:
            chosen = order[start : start + len(batch)]
            yield self.pixels.index_select(0, chosen), self.labels.index_select(0, chosen)
            start += len(batch)


def _on_device(images: Images, device: torch.device) -> Tensor:
    """Return the pixels ``(N, S, S)`` on ``device``, copied a part at a time."""
    pixels = torch.empty((len(images), images.image_size, images.image_size), dtype=torch.uint8, device=device)
    for start in range(0, len(images), ROWS):
        part = images.pixels[images.rows[start : start + ROWS]]
        pixels[start : start + len(part)].copy_(torch.from_numpy(part))
    return pixels


@dataclass(frozen=True)
class _Died:
    """What ended the thread."""

    error: BaseException


class Streamed(Sized):
    """Batches that a thread reads ahead, pins and copies on a stream of its own while the device computes."""

    def __init__(self, images: Images, positions: Positions, device: torch.device) -> None:
        self.images = images
        self.sampler = positions
        self.device = device

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches.

        Raises:
            DataError: the thread that reads them died.
        """
        ready: queue.Queue[tuple[Batch, Any] | _Died | None] = queue.Queue(AHEAD)
        over = threading.Event()
        thread = threading.Thread(target=self._read, args=(ready, over), name=NAME, daemon=True)
        thread.start()
        try:
            while (item := _next(ready, thread)) is not None:
                batch, event = item
                yield _arrived(batch, event, self.device)
        finally:
            over.set()

    def _read(self, ready: "queue.Queue[Any]", over: threading.Event) -> None:
        """Put each batch into ``ready``, then None; an error goes the same way."""
        try:
            stream: Any = None
            if self.device.type == "cuda":
                stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]  # torch's own
            for batch in self.sampler:
                _put(ready, _sent(self.images[batch], self.device, stream), over)
            _put(ready, None, over)
        except Exception as error:  # the outermost loop of a thread; raised where its batches are taken
            _put(ready, _Died(error), over)


def _put(ready: "queue.Queue[Any]", item: object, over: threading.Event) -> None:
    """Wait for room, unless nobody takes batches any more."""
    while not over.is_set():
        try:
            ready.put(item, timeout=PATIENCE / 10)
            return
        except queue.Full:
            continue


def _next(ready: "queue.Queue[Any]", thread: threading.Thread) -> Any:  # noqa: ANN401
    """Return the next batch, or None after the last.

    Raises:
        DataError: the thread died.
    """
    while True:
        try:
            item = ready.get(timeout=PATIENCE)
        except queue.Empty:
            if not thread.is_alive():
                raise DataError(f"the {NAME} died without a word; start the training again: it goes on") from None
            continue
        if isinstance(item, _Died):
            raise DataError(
                f"the {NAME} died ({type(item.error).__name__}: {item.error}): check with `dvc status` that"
                " artifacts/pixels is whole, then start the training again; it goes on from its last whole epoch"
            ) from item.error
        return item


def _sent(batch: Batch, device: torch.device, stream: Any) -> tuple[Batch, Any]:  # noqa: ANN401
    """Start the copies of a batch to a GPU; return it with the event that says when they are done."""
    if stream is None:
        return batch, None
    with torch.cuda.stream(stream):
        pixels, labels = (part.pin_memory().to(device, non_blocking=True) for part in batch)
        return (pixels, labels), stream.record_event()


def _arrived(batch: Batch, event: Any, device: torch.device) -> Batch:  # noqa: ANN401
    """Have the device's own stream wait for the copies; the host does not."""
    if event is not None:
        current = torch.cuda.current_stream(device)
        current.wait_event(event)
        for part in batch:
            part.record_stream(current)
    return batch
