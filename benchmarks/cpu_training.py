"""Training on a CPU beside the loop of timm's own script: ``python -m benchmarks cpu_training``.

The same images, network, size, batch and threads; 32 bits. timm's way: its transforms (crop, flip) of each image,
its loader, its AdamW and moving average. Ours: ``fit``, with augmentation, moving average, clipping and checkpoints.
Seconds of the processor, so that a busy machine does not decide it; the first epoch, which warms up, is left out.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data.transforms_factory import create_transform
from timm.optim import create_optimizer_v2
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.gpu_training import RECIPE, noise
from dicom_router.labels import CLASSES
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import fit
from dicom_router.model.training.recipe import Recipe


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images as timm's script takes them: PIL, transformed one by one."""

    def __init__(self, images: Images) -> None:
        self.pixels: NDArray[np.uint8] = np.asarray(images.pixels)
        self.labels = images.labels
        size = images.image_size
        self.transform: Callable[[Image.Image], Tensor] = create_transform(
            (1, size, size), is_training=True, scale=(0.7, 1.0), color_jitter=None, mean=(0.5,), std=(0.25,)
        )

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.pixels[number])), int(self.labels[number])


def timms_way(images: Images, recipe: Recipe) -> list[float]:
    """Return the seconds of the processor of each epoch of timm's loop."""
    torch.manual_seed(0)
    network = timm.create_model(recipe.network, in_chans=1, num_classes=len(CLASSES)).train()
    average = ModelEmaV3(network, decay=recipe.ema_decay)
    optimizer = create_optimizer_v2(network, opt="adamw", lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    loss_of = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    loader = DataLoader(Pictures(images), recipe.batch_size, shuffle=True, drop_last=True)
    ends = [time.process_time()]
    for _ in range(recipe.epochs):
        for pixels, labels in loader:
            loss = loss_of(network(pixels), labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.gradient_clip)
            optimizer.step()
            average.update(network)
        ends.append(time.process_time())
    return [end - start for start, end in pairwise(ends)]


def our_way(images: Images, recipe: Recipe, work: Path) -> list[float]:
    """Return the same of ``fit``."""
    ends = [time.process_time()]
    nothing = Images(images.pixels, images.rows[:0], images.labels[:0])
    fit(images, nothing, recipe, work, tell=lambda _: ends.append(time.process_time()))
    return [end - start for start, end in pairwise(ends)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="mobilenetv4_conv_small")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    recipe = replace(
        RECIPE,
        network=options.network,
        epochs=options.epochs,
        batch_size=32,
        threads=options.threads,
        accelerator="cpu",
        precision="32-true",
    )
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as name:
        images = noise(Path(name), options.images, options.image_size)
        theirs, ours = (
            median(seconds[1:]) for seconds in (timms_way(images, recipe), our_way(images, recipe, Path(name)))
        )
    print(
        f"{options.images} images of {options.image_size} x {options.image_size}, {options.network}: seconds an epoch,"
    )
    print(f"timm's way {theirs:.1f}, ours {ours:.1f} of the processor: {theirs / ours:.2f} times as fast")


if __name__ == "__main__":
    main()
