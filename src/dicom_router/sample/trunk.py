"""The whole trunk with head, arms and thighs: what chest, abdomen, spine, hip and skull films look at."""

from typing import Final

from dicom_router.sample import abdomen, pelvis, thorax
from dicom_router.sample.dice import Dice
from dicom_router.sample.head import head
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Flesh, Shape, ball, stack
from dicom_router.sample.shoulders import shoulders
from dicom_router.sample.spine import spine

# height, z, half width, half depth without fat
_OUTLINE: Final = (
    (-150.0, 0.0, 42.0, 42.0), (-60.0, -6.0, 46.0, 46.0),
    (-30.0, -10.0, 58.0, 48.0), (-5.0, -10.0, 96.0, 60.0), (25.0, -6.0, 138.0, 80.0),
    (70.0, -2.0, 142.0, 94.0), (150.0, 2.0, 141.0, 102.0), (230.0, 4.0, 141.0, 104.0), (300.0, 3.0, 136.0, 101.0),
    (360.0, 2.0, 134.0, 98.0), (420.0, 0.0, 140.0, 98.0), (480.0, -2.0, 154.0, 102.0), (540.0, -4.0, 164.0, 105.0),
    (600.0, -4.0, 166.0, 100.0), (640.0, -4.0, 150.0, 86.0), (655.0, -4.0, 40.0, 60.0), (662.0, -4.0, 1.0, 20.0),
)  # fmt: skip
_THIGH: Final = (
    (560.0, 70.0, 40.0, 50.0),
    (620.0, 84.0, 74.0, 76.0),
    (700.0, 92.0, 78.0, 80.0),
    (1000.0, 96.0, 62.0, 66.0),
)
_FAT: Final = 0.90


def trunk(body: Physique, arms: str, reach: tuple[float, float], dice: Dice) -> list[Shape]:
    """Return the body between the heights ``reach``; ``arms`` are "down", "out" or "up"."""
    top, bottom = reach
    breath = thorax.draw_breath(dice, body)
    contents = abdomen.draw_bowel(dice, body)
    shapes = [*_flesh(body), *spine(body, reach)]
    if top < 330.0:
        shapes += thorax.ribs(body, dice) + thorax.sternum(body) + thorax.lungs(body, breath, dice)
    if top < 200.0:
        shapes += shoulders(body, arms, dice)
    if top < -80.0:
        shapes += head(body, dice)
    if bottom > 220.0:
        shapes += abdomen.organs(body) + abdomen.bowel(body, contents, dice)
    if bottom > 390.0:
        shapes += pelvis.pelvis(body) + pelvis.femora(body, dice.uniform(0.0, 0.8))
    return shapes


def _flesh(body: Physique) -> list[Shape]:
    w, d, fat = body.wide, body.deep, body.fat
    neck = 0.75 + 0.25 * body.maturity
    rows = [(y, 0.0, z, a * (w if y > 0.0 else neck), b * (d if y > 0.0 else neck)) for y, z, a, b in _OUTLINE]
    narrow = 0.8 + 0.2 * body.maturity
    thighs = tuple(
        stack([(y, side * x * narrow, 0.0, (a + fat) * narrow, (b + fat) * narrow) for y, x, a, b in _THIGH], 1.05)
        for side in (-1.0, 1.0)
    )
    outline = stack([(y, x, z, a + fat, b + fat) for y, x, z, a, b in rows], 1.0)
    shapes: list[Shape] = [Flesh(((outline,), thighs), _FAT), stack(rows, 1.0 - _FAT)]
    if body.female and body.age > 12.0:
        size = 30.0 + 1.3 * fat
        for side in (-1.0, 1.0):
            center = (side * 76.0 * w, 185.0 + 0.3 * size, 98.0 * d)
            shapes.append(ball(center, (1.1 * size, size, 0.75 * size), 0.4))
    return shapes
