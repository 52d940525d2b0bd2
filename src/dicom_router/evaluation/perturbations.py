"""How films arrive that were not exported as they should be: changes of a picture, none of which changes the body part.

Each is a pure function of the picture and of random numbers: ``(H, W)`` float32 in [0, 1], bone bright, gives another
one, which may be of another size. docs/certainty.md says what they stand for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dicom_router.dicom.resampling import resize_image

Grey = NDArray[np.float32]  # (H, W) in [0, 1]

SHUTTER: Final = (0.04, 0.14)  # share of the side that each blade of a collimator covers
BORDER: Final = (0.05, 0.15)  # share of the longer side that is added at each side
LETTER: Final = 0.09  # height of a side letter, share of the longer side
LINE: Final = 0.035  # of a line of text
CORNER_TEXT: Final = ("AP PORTABLE", "40 IN  SUPINE", "14:32", "75 KV 3.2 MAS")
WINDOW: Final = (0.15, 0.85)  # quantiles of what is not black that become black and white
SCREEN: Final = 1.6  # width over height
TOOLBAR: Final = 0.06  # of the height of a screen
GREY_OF_TOOLS: Final = 0.25


@dataclass(frozen=True)
class Perturbation:
    """One way in which films arrive."""

    name: str
    title: str
    change: Callable[[Grey, Generator], Grey]
    turned: bool = False  # rows become columns


def untouched(film: Grey, random: Generator) -> Grey:
    """Return the film as it is."""
    return film


def inverted(film: Grey, random: Generator) -> Grey:
    """Return the negative: MONOCHROME1 taken for MONOCHROME2, or exported so."""
    return 1 - film


def turned(quarters: int, film: Grey, random: Generator) -> Grey:
    """Return the film turned counter-clockwise by ``quarters`` of a circle."""
    return np.rot90(film, quarters)


def mirrored(film: Grey, random: Generator) -> Grey:
    """Return the film with left and right exchanged."""
    return film[:, ::-1]


def collimated(film: Grey, random: Generator) -> Grey:
    """Return the film black outside a rectangle, each side of which is moved in."""
    height, width = film.shape
    top, bottom, left, right = random.uniform(*SHUTTER, 4)
    dark = np.zeros_like(film)
    inside = (slice(round(top * height), height - round(bottom * height)),
              slice(round(left * width), width - round(right * width)))  # fmt: skip
    dark[inside] = film[inside]
    return dark


def bordered(grey: float, film: Grey, random: Generator) -> Grey:
    """Return the film with a border of one ``grey`` around it, as scanners and printers add."""
    widths = np.rint(random.uniform(*BORDER, 4) * max(film.shape)).astype(int)
    return np.pad(film, (widths[:2], widths[2:]), constant_values=grey)


def marked(film: Grey, random: Generator) -> Grey:
    """Return the film with a side letter and lines of text burned in, white."""
    side = max(film.shape)
    stencil = Image.new("L", film.shape[::-1], 0)
    draw = ImageDraw.Draw(stencil)
    right = bool(random.integers(2))
    at = (film.shape[1] * (0.9 if right else 0.1), film.shape[0] * 0.04)
    draw.text(at, "LR"[not right], 255, ImageFont.load_default(LETTER * side), anchor="ma")
    lines = "\n".join(random.permutation(CORNER_TEXT)[:3])
    corner = (film.shape[1] * 0.02, film.shape[0] * 0.98)
    draw.multiline_text(corner, lines, 255, ImageFont.load_default(LINE * side), anchor="ld")
    return np.maximum(film, np.asarray(stencil, np.float32) / 255)


def hard_window(film: Grey, random: Generator) -> Grey:
    """Return the film in a window so narrow that its dark and its bright parts are lost."""
    seen = film[film > 0]
    low, high = np.quantile(seen, WINDOW) if seen.size else (0.0, 1.0)
    return np.asarray(np.clip((film - np.float32(low)) / np.float32(max(high - low, 1e-6)), 0, 1))


def screenshot(film: Grey, random: Generator) -> Grey:
    """Return the film as a viewer shows it, in 256 greys: in the middle of a dark screen, under a tool bar."""
    height, width = film.shape
    bar, wide = round(TOOLBAR * height), max(width, round(SCREEN * height))
    screen = np.zeros((height + bar, wide), np.float32)
    screen[:bar] = GREY_OF_TOOLS
    left = (wide - width) // 2
    screen[bar:, left : left + width] = np.rint(film * 255) / 255
    return screen


def halved(film: Grey, random: Generator) -> Grey:
    """Return the film at half its resolution."""
    height, width = film.shape
    return resize_image(film, (max(1, height // 2), max(1, width // 2)))


UNTOUCHED: Final = Perturbation("untouched", "As it was exported", untouched)
PERTURBATIONS: Final = (
    Perturbation("inverted", "Inverted grey", inverted),
    Perturbation("turned_90", "Turned by 90\N{DEGREE SIGN}", partial(turned, 1), turned=True),
    Perturbation("turned_180", "Turned by 180\N{DEGREE SIGN}", partial(turned, 2)),
    Perturbation("turned_270", "Turned by 270\N{DEGREE SIGN}", partial(turned, 3), turned=True),
    Perturbation("mirrored", "Mirrored", mirrored),
    Perturbation("collimated", "Collimated", collimated),
    Perturbation("black_border", "Black border", partial(bordered, 0.0)),
    Perturbation("white_border", "White border", partial(bordered, 1.0)),
    Perturbation("burned_in_markers", "Burned-in markers", marked),
    Perturbation("hard_window", "Hard window", hard_window),
    Perturbation("screenshot", "8-bit screenshot", screenshot),
    Perturbation("half_resolution", "Half resolution", halved),
)
