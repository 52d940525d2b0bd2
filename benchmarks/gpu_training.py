"""How fast a GPU trains: ``python benchmarks/gpu_training.py``, on a bare machine too.

Needs this checkout, torch, timm, lightning, numpy and scikit-learn, and nothing else of the project. Pixels are noise:
speed does not depend on them. Prints a line per figure and, with ``--out``, writes them as JSON.

- **step**: the plain loop on one batch that lies on the device, varied already: forward, loss, backward, clipping,
  optimizer, moving average. No Lightning, no augmentation, nothing read.
- **resident**, **streamed**: the training as it is (``fit``), from pixels on the device or from a memory map through
  pinned memory, augmentation and Lightning included; images a second, and as a share of the step.
- **of the peak**: floating-point operations of the step a second, of those of a large matrix product in bf16.
- **waits a step**: how often the host waited for the device, by torch's own count.
- **whole** (``--whole``): the paper's training, 11,263 films, 50 epochs, MobileNet-V1, with validation on 2,411.

Without a GPU it measures nothing, but for ``--smoke``: everything once, tiny, on the CPU, to see that it runs.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import numpy as np
import torch
from timm.utils.model_ema import ModelEmaV3
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from dicom_router.labels import CLASSES
from dicom_router.model.training import feeding
from dicom_router.model.training.augmentation import augment
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import fit
from dicom_router.model.training.history import EpochRecord
from dicom_router.model.training.networks import create_network
from dicom_router.model.training.optimisation import create_optimizer, create_schedule
from dicom_router.model.training.recipe import Augmentation, Recipe

NETWORKS: Final = ("mobilenetv1_100", "resnet34", "efficientnet_b0")
SIZES: Final = (224, 512)
PAPER: Final = (11_263, 2_411)  # films that train, and that validate
WARM: Final = 10  # steps
STEPS: Final = 50
MATRIX: Final = 8192
RECIPE: Final = Recipe(
    network="mobilenetv1_100",
    weights="random",
    channels=1,
    normalisation="centred",
    epochs=4,
    batch_size=128,
    optimizer="adamw",
    learning_rate=2e-3,
    weight_decay=0.05,
    decayed="weights",
    schedule="cosine",
    warmup=0.1,
    balance="sampler",
    label_smoothing=0.05,
    select="macro_f1",
    patience=1000,
    gradient_clip=1.0,
    gradient_clip_by="norm",
    ema_decay=0.99,
    seed=42,
    threads=4,
    accelerator="auto",
    devices=1,
    compile=False,
    precision="auto",
    augmentation=Augmentation(
        flip=0.5, rotation=10, rotation_from=0, shift=0.08, scale=0.15, gain=0.1, contrast=0.2, gamma=0.2, invert=0.0,
        quarter_turn=0.05,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    networks: tuple[str, ...] = NETWORKS
    sizes: tuple[int, ...] = SIZES
    images: int = 8192
    epochs: int = RECIPE.epochs
    batch_size: int = RECIPE.batch_size
    steps: int = STEPS
    matrix: int = MATRIX
    paper: tuple[int, int] = PAPER
    paper_epochs: int = 50


SMOKE: Final = Scale(("test_resnet",), (32,), 32, 2, 8, 2, 64, (24, 8), 1)


def noise(folder: Path, count: int, size: int) -> Images:
    """Return ``count`` images of noise in a memory map, the classes in turns."""
    path, rng = folder / f"{count}-{size}.npy", np.random.default_rng(0)
    pixels = np.lib.format.open_memmap(path, "w+", np.uint8, (count, size, size))
    for start in range(0, count, 256):
        part = pixels[start : start + 256]
        part[:] = rng.integers(0, 256, part.shape, dtype=np.uint8)
    pixels.flush()
    return Images(np.load(path, mmap_mode="r"), np.arange(count), np.arange(count) % len(CLASSES))


def plain_step(recipe: Recipe, images: Images, device: torch.device) -> Callable[[], None]:
    """Return what makes one step on one batch that lies on ``device``."""
    torch.manual_seed(0)
    network = create_network(recipe.network, images.image_size).to(device).train()
    learner: Any = torch.compile(network.forward) if recipe.compile else network
    average = ModelEmaV3(network, decay=recipe.ema_decay).requires_grad_(False)
    optimizer = create_optimizer(network, recipe)
    schedule = create_schedule(optimizer, recipe, 1_000_000)
    pixels, labels = images[list(range(recipe.batch_size))]
    varied, _ = augment(pixels.to(device), recipe.augmentation, torch.Generator().manual_seed(0))
    labels = labels.to(device)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = functional.cross_entropy(learner(varied), labels, label_smoothing=recipe.label_smoothing)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.gradient_clip)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        average.update(network)

    return step


def seconds_of(step: Callable[[], None], steps: int, device: torch.device) -> float:
    """Return the seconds of a step, after some to warm up."""
    for _ in range(min(WARM, steps)):
        step()
    _wait(device)
    start = time.perf_counter()
    for _ in range(steps):
        step()
    _wait(device)
    return (time.perf_counter() - start) / steps


def operations(recipe: Recipe, size: int, device: torch.device) -> float:
    """Return the floating-point operations of a step's forward and backward pass, by torch's count."""
    network = create_network(recipe.network, size).to(device).train()
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(recipe.batch_size, 1, size, size, device=device)).sum().backward()
    return float(counter.get_total_flops())


def peak(matrix: int, device: torch.device) -> float:
    """Return the floating-point operations a second of a square matrix product in bf16."""
    left = torch.randn(matrix, matrix, device=device, dtype=torch.bfloat16)
    out = torch.empty_like(left)

    def product() -> None:
        torch.mm(left, left, out=out)

    return 2 * matrix**3 / seconds_of(product, STEPS, device)


@contextmanager
def counting_waits(device: torch.device) -> Iterator[list[warnings.WarningMessage]]:
    """Yield a list that fills with the times the host waits for the GPU."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        if device.type == "cuda":
            torch.cuda.set_sync_debug_mode("warn")
        try:
            yield seen
        finally:
            if device.type == "cuda":
                torch.cuda.set_sync_debug_mode("default")


def trained(recipe: Recipe, images: Images, folder: Path, share: float) -> float:
    """Return the images a second of the training as it is, of its median epoch but the first."""
    feeding.SHARE, before = share, feeding.SHARE  # type: ignore[misc]  # where the pixels lie
    ends = [time.perf_counter()]

    def note(record: EpochRecord) -> None:
        ends.append(time.perf_counter())

    nothing = Images(images.pixels, images.rows[:0], images.labels[:0])
    try:
        fit(images, nothing, recipe, folder, tell=note)
    finally:
        feeding.SHARE = before  # type: ignore[misc]
    seconds = [end - start for start, end in pairwise(ends)][1:]
    return len(images) // recipe.batch_size * recipe.batch_size / median(seconds)


def waits(recipe: Recipe, images: Images, folder: Path, device: torch.device) -> float | None:
    """Return how often the host waited, for each step of an epoch; None without a GPU."""
    nothing = Images(images.pixels, images.rows[:0], images.labels[:0])
    with counting_waits(device) as seen:
        fit(images, nothing, replace(recipe, epochs=1), folder, tell=lambda _: None)
    count = sum("synchronizing" in str(warning.message) for warning in seen)
    return count / (len(images) // recipe.batch_size) if device.type == "cuda" else None


def measure(recipe: Recipe, size: int, scale: Scale, highest: float, device: torch.device) -> dict[str, Any]:
    """Return the figures of one network at one size."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        images = noise(folder, scale.images, size)
        step = recipe.batch_size / seconds_of(plain_step(recipe, images, device), scale.steps, device)
        resident = trained(recipe, images, folder / "resident", share=1.0)
        streamed = trained(recipe, images, folder / "streamed", share=0.0)
        waited = waits(recipe, images, folder / "waits", device)
    work = operations(recipe, size, device) / recipe.batch_size
    return {
        "network": recipe.network,
        "size": size,
        "batch_size": recipe.batch_size,
        "compile": recipe.compile,
        "step_images_per_second": step,
        "resident_images_per_second": resident,
        "resident_share_of_step": resident / step,
        "streamed_images_per_second": streamed,
        "streamed_share_of_step": streamed / step,
        "resident_share_of_peak": resident * work / highest,
        "waits_per_step": waited,
    }


def whole(size: int, scale: Scale, recipe: Recipe) -> dict[str, Any]:
    """Return the minutes of the paper's whole training at ``size``, from the first import's end to the best weights."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        train, validation = (noise(folder, count, size) for count in scale.paper)
        start = time.perf_counter()
        fit(train, validation, replace(recipe, epochs=scale.paper_epochs), folder / "whole", tell=lambda _: None)
    return {"network": recipe.network, "size": size, "minutes": (time.perf_counter() - start) / 60}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="everything once, tiny, on the CPU")
    parser.add_argument("--whole", action="store_true", help="the paper's whole training too")
    parser.add_argument("--compile", action="store_true", help="with torch.compile")
    parser.add_argument("--batch-size", type=int, default=RECIPE.batch_size)
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    options = parser.parse_args()
    if not (options.smoke or torch.cuda.is_available()):
        print("nothing is measured: torch sees no GPU here; --smoke runs it tiny on the CPU")
        return
    device = torch.device("cpu" if options.smoke else "cuda")
    scale = SMOKE if options.smoke else Scale(batch_size=options.batch_size)
    recipe = replace(RECIPE, epochs=scale.epochs, batch_size=scale.batch_size, compile=options.compile)
    recipe = replace(recipe, accelerator="cpu") if options.smoke else recipe
    highest = peak(scale.matrix, device)
    name = "CPU, smoke: these are no measurements" if options.smoke else torch.cuda.get_device_name()
    figures: dict[str, Any] = {"device": name, "torch": torch.__version__, "peak_flops": highest, "networks": []}
    print(f"{name}, torch {torch.__version__}: matrix product {highest / 1e12:.1f} TFLOP/s in bf16", flush=True)
    for network in scale.networks:
        for size in scale.sizes:
            figures["networks"].append(measure(replace(recipe, network=network), size, scale, highest, device))
            print(json.dumps(figures["networks"][-1]), flush=True)
    if options.whole or options.smoke:
        figures["whole"] = [whole(size, scale, replace(recipe, network=scale.networks[0])) for size in scale.sizes]
        print(json.dumps(figures["whole"]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
