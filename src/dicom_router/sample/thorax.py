"""The chest: ribs, breastbone, lungs with their vessels, heart, great vessels and diaphragm."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dicom_router.sample.dice import Dice
from dicom_router.sample.exact import PI, cos, sin
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import (
    Bundle,
    Cavity,
    Ellipsoid,
    Shape,
    Stack,
    Tube,
    Vector,
    ball,
    curve,
    line,
    stack,
    tilted,
)

# rib: height of its head, half width and half depth of its arc, drop to the front, degrees from the spine to its end
_RIBS: Final = (
    (6.0, 52.0, 42.0, 34.0, 150.0),
    (22.0, 78.0, 60.0, 60.0, 148.0),
    (42.0, 98.0, 72.0, 84.0, 147.0),
    (64.0, 112.0, 80.0, 100.0, 146.0),
    (87.0, 122.0, 86.0, 110.0, 143.0),
    (110.0, 130.0, 90.0, 116.0, 139.0),
    (134.0, 135.0, 92.0, 119.0, 134.0),
    (159.0, 138.0, 92.0, 119.0, 128.0),
    (184.0, 138.0, 90.0, 116.0, 120.0),
    (210.0, 132.0, 85.0, 106.0, 110.0),
    (237.0, 118.0, 76.0, 80.0, 82.0),
    (264.0, 96.0, 62.0, 58.0, 58.0),
)
LUNG: Final = 0.74  # what a lung's air takes away of soft tissue


@dataclass(frozen=True)
class Breath:
    """What differs from film to film of one chest."""

    dome: float  # height of the right dome of the diaphragm
    air: float  # how black the lungs are, 1 normal
    opacities: int
    effusion: float  # millimetres of fluid above the left sulcus
    vessels: float


def draw_breath(dice: Dice, body: Physique) -> Breath:
    """Draw inspiration and disease."""
    ill = dice.chance(0.25)
    return Breath(
        dome=dice.near(214.0 if body.age > 5.0 else 196.0, 11.0),
        air=dice.uniform(0.80, 1.08),
        opacities=dice.integer(1, 5) if ill else 0,
        effusion=dice.uniform(25.0, 90.0) if dice.chance(0.06) else 0.0,
        vessels=dice.uniform(0.6, 1.4),
    )


def ribs(body: Physique, dice: Dice) -> list[Shape]:
    """Return the bony ribs of both sides, and calcified cartilage in the old."""
    unit = np.arange(26) / 25.0
    dense = 0.4 + 0.6 * body.mineral
    shapes: list[Shape] = []
    for number, (y, width, depth, drop, end) in enumerate(_RIBS):
        end_here = end * (0.93 + 0.07 * body.maturity)
        angle = (9.0 + (end_here - 9.0) * unit) * (PI / 180.0)
        out, back = sin(angle), cos(angle)
        x0, _, z0 = body.spine(y)
        z = z0 - 22.0 * body.deep + depth * body.deep * (1.0 - back)
        fall = drop * body.slope * (0.5 - 0.5 * back)
        size = 5.2 if number in (0, 10, 11) else 6.2
        for side in (-1.0, 1.0):
            jitter = dice.near(0.0, 1.2)
            path = np.stack([x0 + side * width * body.wide * out, y + fall + jitter, z])
            shapes.append(Tube(path, (size, 0.52 * size), 0.22 * dense, "bone", wall=1.15, wall_amount=0.85 * dense))
            if body.age > 55.0 and 1 <= number <= 8 and number % 2:
                tip = (float(path[0, -1]), float(path[1, -1]), float(path[2, -1]))
                gristle = curve(
                    tip, (0.55 * tip[0], tip[1] + 8.0, tip[2] + 10.0), (0.25 * tip[0], tip[1] - 14.0, tip[2] + 12.0)
                )
                shapes.append(Tube(gristle, (5.0, 4.0), 0.0, "bone", wall=1.0, wall_amount=0.22 * dice.random()))
    return shapes


def sternum(body: Physique) -> list[Shape]:
    """Return the breastbone, in pieces while it grows."""
    deep = body.deep
    front = [(0.0, 34.0, 42.0 * deep), (0.0, 75.0, 66.0 * deep), (0.0, 125.0, 86.0 * deep), (0.0, 180.0, 98.0 * deep)]
    whole = curve(*front, steps=8)
    cuts = [(0, 7), (8, 24)] if body.grown else [(0, 5), (7, 11), (13, 17), (19, 22)]
    return [
        Tube(
            whole[:, a : b + 1],
            (17.0, 5.0),
            0.2 * body.mineral,
            "bone",
            flat=(1.0, 0.0, 0.0),
            wall=1.0,
            wall_amount=0.5,
        )
        for a, b in cuts
    ]


def lungs(body: Physique, breath: Breath, dice: Dice) -> list[Shape]:
    """Return the lungs' air around heart, vessels and diaphragm, what runs in it, and the windpipe."""
    hull = _hull(body)
    air = -LUNG * breath.air
    groups = (_mediastinum(body), _heart(body, breath), _domes(body, breath), *_disease(body, breath, dice))
    return [Cavity(hull, tuple(tuple(group) for group in groups), air), *_vessels(body, breath, dice), *_windpipe(body)]


def _hull(body: Physique) -> Stack:
    w, d = body.wide, body.deep
    table = (
        (-12.0, -32.0, 6.0, 6.0), (2.0, -26.0, 40.0, 26.0), (22.0, -16.0, 64.0, 40.0), (48.0, -6.0, 86.0, 54.0),
        (82.0, 0.0, 106.0, 68.0), (122.0, 5.0, 120.0, 78.0), (170.0, 8.0, 129.0, 84.0), (220.0, 9.0, 134.0, 86.0),
        (262.0, 6.0, 134.0, 83.0), (292.0, -2.0, 128.0, 72.0), (312.0, -12.0, 112.0, 50.0), (322.0, -20.0, 70.0, 24.0),
    )  # fmt: skip
    squat = 1.0 - 0.10 * (1.0 - body.maturity)
    return stack([(y * squat, body.spine(y)[0], z * d, a * w, b * d) for y, z, a, b in table], 1.0)


def _mediastinum(body: Physique) -> list[Ellipsoid | Stack]:
    w, d = body.wide, body.deep
    young = 1.0 - body.maturity
    table = (
        (-20.0, 18.0, 12.0), (2.0, 30.0, 26.0), (22.0, 34.0, 40.0), (50.0, 34.0, 54.0), (82.0, 33.0, 66.0),
        (120.0, 32.0, 58.0), (160.0, 34.0, 36.0), (240.0, 34.0, 30.0), (330.0, 30.0, 30.0),
    )  # fmt: skip
    column = stack([(y, 0.7 * body.spine(y)[0], 0.0, a * w, 1.02 * b * d) for y, a, b in table], 1.0)
    parts: list[Ellipsoid | Stack] = [column]
    if body.thymus > 0.05:
        t = body.thymus
        parts.append(tilted((-26.0, 75.0, 40.0), (30.0 * t + 8.0, 48.0, 45.0 * d), (-0.1, 0.0), 1.0))
        parts.append(tilted((26.0, 70.0, 40.0), (28.0 * t + 8.0, 46.0, 45.0 * d), (0.1, 0.0), 1.0))
    old = max(0.0, (body.age - 30.0) / 60.0)
    knob = 13.0 + 8.0 * old
    parts.append(
        tilted((22.0 + 5.0 * old, 96.0, -12.0), (knob + 4.0, knob + 10.0, 44.0 - 16.0 * young), (-0.2, 0.0), 0.9)
    )
    parts.append(tilted((-20.0 - 3.0 * old, 90.0, 8.0), (17.0, 48.0, 40.0), (0.05, 0.0), 0.9))
    parts.append(ball((24.0, 185.0, -38.0), (12.0 + 3.0 * old, 110.0, 12.0), 1.0))
    parts.append(tilted((28.0, 132.0, 8.0), (17.0, 26.0, 40.0), (0.3, 0.0), 0.9))
    return parts


def _heart(body: Physique, breath: Breath) -> list[Ellipsoid | Stack]:
    h = body.heart
    y = breath.dome - 20.0 * h
    w = 0.5 + 0.5 * body.wide
    d = 0.5 + 0.5 * body.deep
    return [
        tilted((30.0 * w, y, 30.0), (44.0 * h * w, 60.0 * h, 56.0 * h * d), (0.62, 0.15), 1.05),
        tilted((-20.0 * w, y - 2.0, 20.0), (30.0 * h * w, 46.0 * h, 50.0 * h * d), (-0.15, 0.0), 1.05),
        tilted((8.0 * w, y - 30.0 * h, 14.0), (38.0 * h * w, 46.0 * h, 50.0 * h * d), (0.35, 0.0), 1.05),
        tilted((10.0 * w, y + 22.0 * h, 22.0), (52.0 * h * w, 26.0 * h, 50.0 * h * d), (-0.25, 0.0), 1.05),
    ]


def _domes(body: Physique, breath: Breath) -> list[Ellipsoid | Stack]:
    w, d = body.wide, body.deep
    left = breath.dome + 11.0
    return [
        ball((-68.0 * w, breath.dome + 95.0, 8.0), (78.0 * w, 95.0, 88.0 * d), 1.0),
        ball((68.0 * w, left + 95.0, 8.0), (76.0 * w, 95.0, 88.0 * d), 1.0),
        ball((0.0, breath.dome + 116.0, 8.0), (78.0 * w, 95.0, 92.0 * d), 1.0),
    ]


def _disease(body: Physique, breath: Breath, dice: Dice) -> list[list[Ellipsoid | Stack]]:
    w = body.wide
    groups: list[list[Ellipsoid | Stack]] = []
    for _ in range(breath.opacities):
        at = (dice.sign() * dice.uniform(45.0, 105.0) * w, dice.uniform(50.0, 240.0), dice.uniform(-40.0, 50.0))
        groups += [_patch(at, dice.uniform(8.0, 28.0), dice) for _ in range(2)]
    if breath.effusion:
        side = dice.sign()
        groups.append([ball((side * 120.0 * w, 310.0, -20.0), (70.0 * w, breath.effusion, 90.0), 1.0)])
    return groups


def _patch(at: Vector, reach: float, dice: Dice) -> list[Ellipsoid | Stack]:
    """Return a ragged consolidation within ``reach`` mm of ``at``."""
    lumps: list[Ellipsoid | Stack] = []
    for _ in range(6):
        x, y, z = (part + dice.near(0.0, 0.5 * reach) for part in at)
        size = reach * dice.uniform(0.25, 0.8)
        lumps.append(ball((x, y, z), (size, size * dice.uniform(0.6, 1.3), 1.5 * size), dice.uniform(0.2, 0.6)))
    return lumps


def _vessels(body: Physique, breath: Breath, dice: Dice) -> list[Shape]:
    shapes: list[Shape] = []
    branches: list[tuple[Vector, Vector, Vector, float]] = []
    for side in (-1.0, 1.0):
        hilum = (side * 36.0 * body.wide, 142.0 if side < 0 else 134.0, -4.0)
        shapes.append(ball(hilum, (10.0, 20.0, 14.0), 0.35 * breath.vessels))
        for _ in range(14):
            angle = dice.uniform(-1.25, 1.35)
            reach = dice.uniform(45.0, 92.0)
            out = (side * reach * cos(angle) * body.wide, reach * sin(angle) * 1.15, dice.uniform(-45.0, 45.0))
            start = (hilum[0] + dice.near(0.0, 4.0), hilum[1] + dice.near(0.0, 9.0), hilum[2] + dice.near(0.0, 12.0))
            branches += _branch(start, out, 3.2 * breath.vessels, 2, dice)
    first, middle, last = (np.asarray([branch[i] for branch in branches])[:, :, None] for i in range(3))
    t = np.arange(7) / 6.0
    paths = first * ((1.0 - t) * (1.0 - 2.0 * t)) + middle * (4.0 * t * (1.0 - t)) + last * (t * (2.0 * t - 1.0))
    half = np.asarray([width for *_, width in branches])[:, None] * (1.0 - 0.72 * t)
    return [*shapes, Bundle(paths, half, LUNG)]


def _branch(
    start: Vector, out: Vector, width: float, forks: int, dice: Dice
) -> list[tuple[Vector, Vector, Vector, float]]:
    """Return start, middle, end and half width of a vessel from ``start`` along ``out``, and of its forks."""
    (x, y, z), (dx, dy, dz) = start, out
    middle = (x + 0.5 * dx + dice.near(0.0, 3.5), y + 0.5 * dy + dice.near(0.0, 3.5), z + 0.5 * dz)
    branches = [(start, middle, (x + dx, y + dy, z + dz), width)]
    if forks:
        turn = dice.sign() * dice.uniform(0.3, 0.7)
        bent = (0.6 * (dx - turn * dy), 0.6 * (dy + turn * dx), 0.6 * dz + dice.near(0.0, 8.0))
        branches += _branch(middle, bent, 0.6 * width, forks - 1, dice)
    return branches


def _windpipe(body: Physique) -> list[Shape]:
    wide = 8.0 * (0.75 + 0.25 * body.maturity)
    x, _, z = body.spine(60.0)
    carina = (x - 2.0, 98.0, z + 30.0)
    trunk = curve((x, -95.0, 22.0), (x, -30.0, 16.0), (x - 3.0, 40.0, z + 36.0), carina)
    return [
        Tube(trunk, (wide, wide), -0.9),
        Tube(line(carina, (x - 34.0, 132.0, z + 34.0)), (0.75 * wide, 0.75 * wide), -0.5),
        Tube(line(carina, (x + 36.0, 136.0, z + 34.0)), (0.7 * wide, 0.7 * wide), -0.5),
    ]
