"""What is on a film and not of the body: lead letters, lines and leads, implants and clothing."""

from typing import Final

import numpy as np

from dicom_router.sample.dice import Dice
from dicom_router.sample.exams import Exam
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Shape, Tube, Vector, ball, curve, line
from dicom_router.sample.spine import vertebrae

# Strokes of the letters in a box of width 1 and height 1.5.
_LETTERS: Final[dict[str, tuple[tuple[tuple[float, float], ...], ...]]] = {
    "L": (((0.0, 0.0), (0.0, 1.5), (0.8, 1.5)),),
    "R": (((0.0, 1.5), (0.0, 0.0), (0.6, 0.0), (0.85, 0.35), (0.6, 0.75), (0.0, 0.75)), ((0.35, 0.75), (0.9, 1.5))),
}


def marker(letter: str, corner: tuple[float, float], height: float, flipped: bool) -> list[Shape]:
    """Return a lead letter in the detector's frame: its top left ``corner`` (column, row), its ``height`` in pixels."""
    unit = height / 1.5
    shapes: list[Shape] = []
    for stroke in _LETTERS[letter]:
        points = [(corner[0] + unit * (0.9 - x if flipped else x), corner[1] + unit * y, 0.0) for x, y in stroke]
        shapes.append(Tube(line(*points, steps=3), (0.13 * unit + 0.4, 0.13 * unit + 0.4), 1.0, "metal"))
    return shapes


def devices(exam: Exam, body: Physique, dice: Dice) -> list[Shape]:
    """Return what this person carries, in the frame of the examination's scene."""
    shapes: list[Shape] = []
    if exam.scene != "trunk":
        return _plate(dice) if dice.chance(0.06) else shapes
    small = 0.6 + 0.4 / body.size  # things do not shrink with the child
    for make, chance in _CARRIED:
        if dice.chance(chance):
            shapes += make(body, small, dice)
    return shapes


def _leads(body: Physique, small: float, dice: Dice) -> list[Shape]:
    """Return ECG electrodes and their wires on the skin."""
    shapes: list[Shape] = []
    front = 108.0 * body.deep
    for _ in range(dice.integer(2, 4)):
        x, y = dice.sign() * dice.uniform(45.0, 115.0) * body.wide, dice.uniform(30.0, 270.0)
        shapes.append(ball((x, y, front), (6.0 * small, 6.0 * small, 0.8), 0.8, "metal"))
        way = [(x, y, front), (x + dice.near(0.0, 40.0), y + dice.uniform(40.0, 120.0), front)]
        way.append((dice.sign() * dice.uniform(60.0, 240.0), way[-1][1] + dice.near(40.0, 60.0), front))
        shapes.append(Tube(curve(*way, steps=10), (1.1 * small, 1.1 * small), 0.9, "metal"))
    return shapes


def _central_line(body: Physique, small: float, dice: Dice) -> list[Shape]:
    side = dice.sign()
    x = -24.0 * body.wide
    path = curve((side * 70.0, -70.0, 30.0), (side * 32.0, -20.0, 20.0), (x, 55.0, 10.0), (x, 135.0, 12.0), steps=10)
    return [Tube(path, (1.2 * small, 1.2 * small), 0.55, "metal")]


def _gastric_tube(body: Physique, small: float, dice: Dice) -> list[Shape]:
    path = curve(
        (0.0, -150.0, 30.0), (2.0, -20.0, 0.0), (4.0, 150.0, -20.0), (18.0, 230.0, 0.0), (60.0, 290.0, 30.0), steps=12
    )
    return [Tube(path, (2.2 * small, 2.2 * small), 0.0, "metal", wall=0.7, wall_amount=0.35)]


def _airway_tube(body: Physique, small: float, dice: Dice) -> list[Shape]:
    x, _, z = body.spine(60.0)
    path = curve((0.0, -140.0, 40.0), (x, -60.0, 18.0), (x, 20.0, 14.0), (x - 2.0, 62.0, z + 36.0), steps=10)
    return [Tube(path, (4.5 * small, 4.5 * small), 0.0, "metal", wall=1.0, wall_amount=0.22)]


def _pacemaker(body: Physique, small: float, dice: Dice) -> list[Shape]:
    if body.age < 40.0:
        return []
    x, y, z = 95.0 * body.wide, dice.uniform(45.0, 75.0), 92.0 * body.deep
    wires = [
        Tube(
            curve(
                (x, y, z),
                (55.0, y - 22.0, 60.0),
                (-10.0, 60.0, 10.0),
                (-26.0, 130.0, 15.0),
                (tip, depth, 40.0),
                steps=12,
            ),
            (1.3, 1.3),
            0.9,
            "metal",
        )
        for tip, depth in ((-8.0, 170.0), (45.0, 225.0))
    ]
    return [ball((x, y, z), (24.0, 21.0, 4.0), 0.45, "metal"), *wires]


def _wires(body: Physique, small: float, dice: Dice) -> list[Shape]:
    """Return the wires that close a sternum."""
    if body.age < 35.0:
        return []
    angle = np.arange(9) / 8.0 * 6.2
    rings = []
    for i in range(dice.integer(4, 6)):
        y, z = 50.0 + 24.0 * i, (58.0 + 9.0 * i) * body.deep
        turn = [(7.0 * (1.0 - a / 3.1), y + 6.0 * float((a > 3.1) - 0.5) + dice.near(0.0, 1.5), z) for a in angle]
        rings.append(Tube(curve(*turn, steps=3), (0.8, 0.8), 1.0, "metal"))
    return [*rings]


def _screws(body: Physique, small: float, dice: Dice) -> list[Shape]:
    """Return pedicle screws with two rods."""
    levels = [v for v in vertebrae(body) if not v.name.startswith("C")]
    count = dice.integer(2, 5) if body.grown else dice.integer(6, 11)
    first = dice.integer(6, len(levels) - count) if len(levels) - count >= 6 else len(levels) - count
    held = levels[first : first + count]
    shapes: list[Shape] = []
    for side in (-1.0, 1.0):
        rod: list[Vector] = []
        for v in held:
            x, y, z = v.middle
            head = (x + side * 0.8 * v.half_width, y - 0.2 * v.half_height, z - 2.3 * v.half_depth)
            tip = (x + side * 0.35 * v.half_width, y - 0.1 * v.half_height, z + 0.3 * v.half_depth)
            shapes.append(Tube(line(head, tip, steps=4), (2.6, 2.6), 0.8, "metal"))
            rod.append(head)
        shapes.append(Tube(curve(*rod, steps=6), (3.0, 3.0), 0.8, "metal"))
    return shapes


def _hip(body: Physique, small: float, dice: Dice) -> list[Shape]:
    """Return a hip prosthesis."""
    if body.age < 50.0:
        return []
    side = dice.sign()
    neck = line((side * 89.0, 562.0, 0.0), (side * 122.0, 592.0, -4.0))
    stem = line((side * 122.0, 588.0, -4.0), (side * 119.0, 720.0, 0.0), steps=6)
    taper = np.asarray([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    return [
        ball((side * 89.0, 560.0, 0.0), (22.0, 22.0, 22.0), 0.35, "metal"),
        Tube(neck, (7.0, 7.0), 0.6, "metal"),
        Tube(stem, (11.0, 8.0), 0.6, "metal", flat=(1.0, 0.0, 0.0), taper=taper),
    ]


def _clips(body: Physique, small: float, dice: Dice) -> list[Shape]:
    x, y = -55.0 * body.wide + dice.near(0.0, 8.0), dice.uniform(300.0, 340.0)
    return [
        Tube(line((x + dx, y + dy, 20.0), (x + dx + 5.0, y + dy + dice.near(0.0, 3.0), 20.0)), (1.2, 1.2), 1.0, "metal")
        for dx, dy in ((0.0, 0.0), (6.0, 5.0), (3.0, 11.0), (12.0, 8.0))
    ]


def _buttons(body: Physique, small: float, dice: Dice) -> list[Shape]:
    x, first = dice.near(0.0, 12.0), dice.uniform(20.0, 200.0)
    front = 112.0 * body.deep
    return [ball((x, first + 62.0 * i, front), (5.0 * small, 5.0 * small, 1.5), 0.12, "metal") for i in range(6)]


def _necklace(body: Physique, small: float, dice: Dice) -> list[Shape]:
    front = 90.0 * body.deep
    chain = curve(
        (-52.0, -25.0, -10.0),
        (-38.0, 40.0, front),
        (0.0, 78.0, front),
        (38.0, 40.0, front),
        (52.0, -25.0, -10.0),
        steps=12,
    )
    return [Tube(chain, (1.0 * small, 1.0 * small), 0.9, "metal")]


def _plate(dice: Dice) -> list[Shape]:
    """Return a plate with screws along a limb's bone."""
    x, top = dice.near(0.0, 8.0), dice.uniform(-110.0, 30.0)
    bar = Tube(
        line((x, top, 14.0), (x + 3.0, top + 78.0, 14.0), steps=4), (5.0, 1.6), 0.7, "metal", flat=(1.0, 0.0, 0.0)
    )
    screws = [
        Tube(line((x, top + 9.0 + 15.0 * i, 14.0), (x - 2.0, top + 10.0 + 15.0 * i, -12.0)), (1.8, 1.8), 0.8, "metal")
        for i in range(5)
    ]
    return [bar, *screws]


_CARRIED: Final = (
    (_leads, 0.10),
    (_central_line, 0.07),
    (_gastric_tube, 0.06),
    (_airway_tube, 0.04),
    (_pacemaker, 0.06),
    (_wires, 0.06),
    (_screws, 0.05),
    (_hip, 0.08),
    (_clips, 0.05),
    (_buttons, 0.05),
    (_necklace, 0.03),
)
