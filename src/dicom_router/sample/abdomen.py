"""The abdomen: organs that fat outlines, and the bowel with its gas."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dicom_router.sample.dice import Dice
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Bundle, Shape, Tube, Vector, ball, curve, line, rounded, tilted

# The colon's course, part by part.
_COLON: Final[dict[str, tuple[Vector, ...]]] = {
    "ascending": ((-98.0, 485.0, 15.0), (-108.0, 430.0, 5.0), (-104.0, 345.0, 0.0)),
    "transverse": ((-95.0, 335.0, 35.0), (-35.0, 365.0, 70.0), (40.0, 360.0, 70.0), (100.0, 290.0, 25.0)),
    "descending": ((110.0, 290.0, -15.0), (116.0, 380.0, -20.0), (104.0, 470.0, -5.0)),
    "sigmoid": ((100.0, 480.0, 5.0), (55.0, 530.0, 25.0), (15.0, 510.0, 10.0), (0.0, 550.0, -25.0)),
    "rectum": ((0.0, 550.0, -30.0), (3.0, 590.0, -45.0)),
}


@dataclass(frozen=True)
class Bowel:
    """How much gas and stool: chances for each part of the colon, and the number of small loops."""

    gas: float
    stool: float
    loops: int
    caliber: float
    stomach: float


def draw_bowel(dice: Dice, body: Physique) -> Bowel:
    """Draw a bowel; a baby's holds gas everywhere."""
    baby = body.age < 2.0
    return Bowel(
        gas=dice.uniform(0.25, 0.75) if not baby else dice.uniform(0.5, 0.9),
        stool=dice.uniform(0.1, 0.7),
        loops=dice.integer(1, 7) if not baby else dice.integer(6, 14),
        caliber=dice.uniform(0.75, 1.25) * (1.7 if dice.chance(0.08) else 1.0),
        stomach=dice.uniform(0.0, 1.0),
    )


def organs(body: Physique) -> list[Shape]:
    """Return liver, spleen, kidneys, psoas and bladder: a little denser than the fat around them."""
    w, d = body.wide, body.deep
    shapes: list[Shape] = [
        ball((-58.0 * w, 295.0, 8.0), (82.0 * w, 72.0, 78.0 * d), 0.07),
        ball((98.0 * w, 288.0, -35.0 * d), (30.0, 46.0, 36.0), 0.10),
        ball((0.0, 575.0, 12.0), (38.0, 26.0, 32.0), 0.07),
    ]
    for side, y in ((-1.0, 352.0), (1.0, 340.0)):
        shapes.append(tilted((side * 60.0, y, -48.0 * d), (27.0, 54.0, 24.0), (side * 0.22, 0.0), 0.14))
        psoas = curve(
            (side * 24.0, 305.0, -30.0),
            (side * 42.0, 400.0, -25.0),
            (side * 74.0, 500.0, 0.0),
            (side * 96.0, 585.0, 20.0),
        )
        shapes.append(
            Tube(psoas, (23.0, 23.0), 0.14, taper=np.interp(np.arange(19) / 18.0, (0.0, 0.5, 1.0), (0.35, 1.0, 0.8)))
        )
    return shapes


def bowel(body: Physique, contents: Bowel, dice: Dice) -> list[Shape]:
    """Return the gas of stomach, colon and small bowel."""
    shapes: list[Shape] = []
    if contents.stomach > 0.25:
        size = 20.0 + 26.0 * contents.stomach
        at = (62.0 * body.wide + dice.near(0.0, 6.0), 262.0 + 0.5 * size, 30.0)
        shapes.append(tilted(at, (size * 1.25, size * 0.62, size), (dice.near(0.3, 0.15), 0.0), -0.9))
    for course in _COLON.values():
        path = curve(
            *[(x * body.wide + dice.near(0.0, 5.0), y + dice.near(0.0, 9.0), z * body.deep) for x, y, z in course]
        )
        if dice.chance(contents.gas):
            shapes += _gas(path, dice.uniform(13.0, 21.0) * contents.caliber, dice)
        elif dice.chance(contents.stool):
            shapes += _stool(path, dice)
    for _ in range(contents.loops):
        shapes += _loop(body, dice.uniform(6.5, 11.5) * contents.caliber, dice)
    return shapes


def _gas(path: np.ndarray, size: float, dice: Dice) -> list[Shape]:
    """Return haustra: ellipsoids strung along a part of ``path``."""
    first = dice.uniform(0.0, 0.4)
    count = 2 + int(_length(path) * (1.0 - first) * dice.uniform(0.5, 1.0) / (1.15 * size))
    at = first * (path.shape[1] - 1) + np.arange(count) * (1.15 * size / max(_length(path), 1.0)) * (path.shape[1] - 1)
    places = _along(path, at)
    return [
        tilted(
            (x + dice.near(0.0, 0.25 * size), y + dice.near(0.0, 0.2 * size), z),
            (size * dice.uniform(0.7, 1.3), size * dice.uniform(0.5, 0.95), size),
            (dice.near(0.0, 0.5), 0.0),
            -0.7,
        )
        for x, y, z in places
    ]


def _stool(path: np.ndarray, dice: Dice) -> list[Shape]:
    """Return the mottled pattern of small bubbles in stool."""
    count = int(_length(path) / 3.0)
    places = _along(path, dice.spread(count) * (path.shape[1] - 1))
    paths = [
        line((x, y, z), (x + dice.near(0.0, 3.0), y + dice.near(0.0, 3.0), z), steps=2)
        for x, y, z in ((x + dice.near(0.0, 7.0), y + dice.near(0.0, 7.0), z) for x, y, z in places)
    ]
    half = (1.2 + 2.8 * dice.spread(count))[:, None] * np.asarray([0.6, 1.0, 0.6])
    return [Bundle(np.stack(paths), half, -0.9)]


def _loop(body: Physique, size: float, dice: Dice) -> list[Shape]:
    """Return one gas-filled loop of small bowel."""
    x, y = dice.uniform(-70.0, 70.0) * body.wide, dice.uniform(360.0, 530.0)
    turn = [(x, y, 40.0)]
    for _ in range(dice.integer(2, 4)):
        x, y = x + dice.sign() * dice.uniform(14.0, 34.0), y + dice.sign() * dice.uniform(5.0, 26.0)
        turn.append((x, y, dice.uniform(10.0, 60.0)))
    path = curve(*turn, steps=8)
    return [Tube(path, (size, size), -0.85, taper=rounded(path.shape[1], min(0.45, 0.8 * size / _length(path))))]


def _length(path: np.ndarray) -> float:
    step = np.diff(path, axis=1)
    return float(np.cumsum(np.sqrt(step[0] * step[0] + step[1] * step[1] + step[2] * step[2]))[-1])


def _along(path: np.ndarray, at: np.ndarray) -> list[Vector]:
    """Return the points of ``path`` at the fractional indices ``at``."""
    index = np.arange(path.shape[1])
    x, y, z = (np.interp(at, index, row) for row in path)
    return [(float(a), float(b), float(c)) for a, b, c in zip(x, y, z, strict=True)]
