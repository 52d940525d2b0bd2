"""Images that a router of radiographs does not know, as grey arrays: what packages ship, and what can be drawn."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.data import get_testdata_file
from sklearn.datasets import load_sample_images

Grey = NDArray[np.uint8]

CT: Final = ("CT_small.dcm", "693_J2KI.dcm")
MR: Final = ("MR_small.dcm", "examples_overlay.dcm")
WINDOWS: Final = ((40, 400), (-500, 1500), (300, 1500))  # soft tissue, lung, bone: centre and width
WORDS: Final = ("findings", "impression", "the", "heart", "lungs", "clear", "no", "fracture", "right", "left", "report")
VARIANTS: Final = 20


def ct_slices(rng: np.random.Generator) -> Iterator[Grey]:
    """Yield CT slices that pydicom ships, in clinical windows, turned, mirrored and cropped."""
    for name in CT:
        ds = pydicom.dcmread(str(get_testdata_file(name)))
        slope, shift = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
        units = ds.pixel_array * slope + shift
        for number in range(VARIANTS):
            centre, width = WINDOWS[number % len(WINDOWS)]
            yield _varied(_grey(units, centre - width / 2, centre + width / 2), rng)


def mr_slices(rng: np.random.Generator) -> Iterator[Grey]:
    """Yield MR slices that pydicom ships, turned, mirrored and cropped."""
    for name in MR:
        values = pydicom.dcmread(str(get_testdata_file(name))).pixel_array.astype(np.float64)
        for _ in range(VARIANTS):
            yield _varied(_grey(values, *np.percentile(values, [1, rng.uniform(98, 99.9)])), rng)


def drawn_slices(rng: np.random.Generator) -> Iterator[Grey]:
    """Yield cross-sections of a made-up trunk or head: a ring, organs and a vertebra, as ellipses with noise."""
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    for _ in range(2 * VARIANTS):
        width, height = rng.uniform(0.6, 0.95), rng.uniform(0.5, 0.85)
        body = (x / width) ** 2 + (y / height) ** 2
        slice_ = np.where(body < 1, 0.45, 0.0) + 0.35 * ((body < 1) & (body > rng.uniform(0.8, 0.95)))
        for _ in range(int(rng.integers(3, 9))):
            at, size = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.05, 0.3, 2)
            slice_ += rng.uniform(-0.4, 0.4) * (((x - at[0]) / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2 < 1)
        yield _grey(slice_ * (body < 1) + rng.normal(0, 0.02, x.shape), 0, 1)


def photographs(rng: np.random.Generator) -> Iterator[Grey]:
    """Yield cut-outs of photographs that scikit-learn and matplotlib ship, in grey."""
    shipped = [Image.fromarray(each) for each in load_sample_images().images]
    portrait = files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    for photograph in [*shipped, Image.open(Path(str(portrait)))]:
        grey = np.asarray(photograph.convert("L"))
        for _ in range(VARIANTS):
            yield _varied(grey, rng, smallest=0.4, turned=False)


def text_pages(rng: np.random.Generator) -> Iterator[Grey]:
    """Yield pages of words, black on white and white on black."""
    for number in range(2 * VARIANTS):
        page = Image.new("L", (620, 877), 255)
        draw, size = ImageDraw.Draw(page), int(rng.integers(10, 26))
        for line in range(20, 860, size + 6):
            draw.text(
                (30, line), " ".join(rng.choice(WORDS, int(rng.integers(3, 12)))), 0, ImageFont.load_default(size)
            )
        yield 255 - np.asarray(page) if number % 2 else np.asarray(page)


def noise(rng: np.random.Generator) -> Iterator[Grey]:
    """Yield noise without a picture: white, and coarser and coarser."""
    for number in range(2 * VARIANTS):
        side = 256 // 2 ** (number % 5)
        small = Image.fromarray(rng.integers(0, 256, (side, side), dtype=np.uint8))
        yield np.asarray(small.resize((256, 256), Image.Resampling.BICUBIC))


KINDS: Final[dict[str, Callable[[np.random.Generator], Iterator[Grey]]]] = {
    "CT slices": ct_slices,
    "MR slices": mr_slices,
    "drawn slices": drawn_slices,
    "photographs": photographs,
    "text pages": text_pages,
    "noise": noise,
}


def _grey(values: NDArray[np.float64], low: float, high: float) -> Grey:
    return np.asarray(np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def _varied(image: Grey, rng: np.random.Generator, smallest: float = 0.7, turned: bool = True) -> Grey:
    """Return a random cut-out of at least ``smallest`` of either side, mirrored, and turned by right angles."""
    height, width = (int(side * rng.uniform(smallest, 1)) for side in image.shape)
    top, left = rng.integers(image.shape[0] - height + 1), rng.integers(image.shape[1] - width + 1)
    part = image[top : top + height, left : left + width]
    part = np.rot90(part, int(rng.integers(4))) if turned else part
    return np.ascontiguousarray(part[:, ::-1] if rng.integers(2) else part)
