"""Collar bones, shoulder blades and arms."""

from collections.abc import Callable

import numpy as np

from dicom_router.sample.bones import Bone, long_bone
from dicom_router.sample.dice import Dice
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Shape, Sheet, Tube, Vector, ball, curve, hollow, line, rounded

_DOWN = (18.0, 270.0, 12.0)
_OUT = (190.0, 150.0, 20.0)
_UP = (-20.0, -240.0, 120.0)


def shoulders(body: Physique, arms: str, dice: Dice) -> list[Shape]:
    """Return both shoulder girdles; ``arms`` are "down", "out" or "up"."""
    swing = dice.uniform(0.0, 1.0)
    return [shape for side in (-1.0, 1.0) for shape in _girdle(body, side, arms, swing)]


def _girdle(body: Physique, side: float, arms: str, swing: float) -> list[Shape]:
    w, d = 0.35 + 0.65 * body.wide, 0.4 + 0.6 * body.deep
    lift = {"down": 0.0, "out": -8.0, "up": -34.0}[arms] - 6.0 * (1.0 - body.maturity)
    wing = {"down": 0.0, "out": 12.0, "up": 30.0}[arms] + 10.0 * swing

    def at(x: float, y: float, z: float, share: float = 1.0) -> Vector:
        return (side * (x + 0.4 * share * wing) * w, y + share * lift, z * d)

    bone = body.mineral
    collar = curve(at(14, 30, 44, 0.0), at(52, 18, 42, 0.2), at(98, 2, 6, 0.7), at(152, -4, -24), steps=5)
    shapes: list[Shape] = [Tube(collar, (6.4, 5.2), 0.25 * bone, "bone", wall=1.6, wall_amount=0.8 * bone)]
    shapes += _blade(body, at, wing)
    head = at(184, 32, -22)
    radius = 23.0 * (0.4 + 0.6 * body.maturity)
    shapes += hollow(
        ball((head[0] - side * 4.0, head[1], head[2]), (radius, radius, radius), 0.5 * bone, "bone"), 1.3, 0.22 * bone
    )
    dx, dy, dz = {"down": _DOWN, "out": _OUT, "up": _UP}[arms]
    dx += 40.0 * swing if arms != "up" else 0.0
    elbow: Vector = (head[0] + side * dx, head[1] + dy, head[2] + dz)
    gap = 0.0 if body.grown else 0.09
    root: Vector = (head[0] + side * gap * dx, head[1] + gap * dy, head[2] + gap * dz)
    shapes += long_bone(Bone(root, elbow, 11.0, (1.75, 1.5), (0.0, 0.05), wall=4.0), body)
    thick = 36.0 + 0.8 * body.fat
    flesh = line((head[0] - side * 8.0, head[1], head[2]), elbow, steps=10)
    shapes.append(Tube(flesh, (thick, thick), 0.92, taper=rounded(11, 0.3)))
    return shapes


def _blade(body: Physique, at: Callable[[float, float, float], Vector], wing: float) -> list[Shape]:
    bone = body.mineral
    outer = curve(at(160, 26, -28), at(158, 48, -40), at(140, 98, -68), at(112 + wing, 164, -92), steps=6)
    inner = curve(at(100, 6, -62), at(84, 45, -88), at(86, 100, -96), at(104 + wing, 160, -94), steps=6)
    plate = Sheet(np.stack([outer, inner], axis=1), 2.3, 0.5 * bone)
    ridge = curve(at(84, 46, -90), at(120, 24, -80), at(158, -2, -52), at(176, -8, -22), steps=6)
    beak = curve(at(146, 18, -22), at(142, 8, -2), at(154, 16, 14), steps=6)
    return [
        plate,
        Tube(outer, (4.5, 4.0), 0.4 * bone, "bone"),
        Tube(inner, (1.8, 1.6), 0.5 * bone, "bone"),
        Tube(ridge, (5.0, 4.0), 0.35 * bone, "bone"),
        Tube(beak, (5.5, 5.0), 0.4 * bone, "bone"),
        ball(at(158, 36, -26), (5.0, 17.0, 12.0), 0.4 * bone, "bone"),
    ]
