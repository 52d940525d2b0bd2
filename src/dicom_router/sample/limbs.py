"""Knee, ankle, elbow, hand and foot, each in its own frame with the joint at the origin."""

from collections.abc import Sequence
from typing import Final

from dicom_router.sample.bones import Bone, long_bone
from dicom_router.sample.dice import Dice
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Shape, Tube, Vector, ball, curve, hollow, line, rounded, stack, tilted

_FLESH: Final = 0.96

# Outlines of the limbs without fat: height, x, z, half width, half depth.
_KNEE: Final = (
    (-420.0, 0.0, 0.0, 66.0, 68.0), (-200.0, 0.0, 2.0, 60.0, 62.0), (-60.0, 0.0, 4.0, 52.0, 52.0),
    (0.0, 0.0, 2.0, 50.0, 50.0), (70.0, 0.0, -6.0, 48.0, 48.0), (170.0, 4.0, -14.0, 52.0, 56.0),
    (420.0, 0.0, -4.0, 36.0, 38.0),
)  # fmt: skip
_ANKLE: Final = (
    (-420.0, 0.0, -8.0, 50.0, 54.0), (-150.0, 0.0, -2.0, 36.0, 40.0), (-40.0, 0.0, 0.0, 34.0, 40.0),
    (10.0, 0.0, -4.0, 36.0, 44.0), (50.0, 0.0, -14.0, 30.0, 42.0), (58.0, 0.0, -14.0, 10.0, 30.0),
)  # fmt: skip
_ELBOW: Final = (
    (-330.0, 0.0, 0.0, 44.0, 46.0), (-90.0, 0.0, 0.0, 38.0, 40.0), (0.0, 0.0, 0.0, 38.0, 34.0),
    (60.0, 0.0, 0.0, 40.0, 36.0), (330.0, 0.0, 0.0, 26.0, 24.0),
)  # fmt: skip
_WRIST: Final = (
    (40.0, -2.0, 0.0, 34.0, 15.0), (80.0, -2.0, 0.0, 30.0, 19.0), (160.0, -2.0, 0.0, 36.0, 26.0),
    (330.0, 0.0, 0.0, 42.0, 34.0),
)  # fmt: skip
_FOOT: Final = (
    (-118.0, 0.0, 0.0, 18.0, 8.0), (-80.0, -2.0, 0.0, 42.0, 12.0), (-20.0, 0.0, 0.0, 44.0, 17.0),
    (60.0, 2.0, 0.0, 34.0, 28.0), (120.0, 4.0, 0.0, 32.0, 32.0), (150.0, 4.0, 0.0, 12.0, 18.0),
)  # fmt: skip


def knee(body: Physique, dice: Dice) -> list[Shape]:
    """Return one knee, straight, kneecap in front; the fibula stands on the left of the frame."""
    bone, ripe = body.mineral, body.maturity
    shapes: list[Shape] = [_flesh(_KNEE, 0.5 * body.fat)]
    tilt = dice.near(0.0, 5.0)
    shapes += long_bone(
        Bone((10.0 + tilt, -420.0, 4.0), (0.0, -4.0, -2.0), 14.0, (1.2, 2.75), (0.0, 0.075), wall=5.0, thick=0.8), body
    )
    shapes += long_bone(
        Bone((0.0, 5.0, -2.0), (2.0 - tilt, 400.0, 2.0), 13.0, (2.85, 1.4), (0.055, 0.0), wall=4.5, thick=0.75), body
    )
    shapes += long_bone(Bone((36.0, 26.0, -22.0), (30.0, 400.0, -12.0), 6.0, (1.6, 1.3), (0.05, 0.0), wall=2.6), body)
    size = 0.55 + 0.45 * ripe
    for side in (-1.0, 1.0):
        shapes += hollow(
            tilted(
                (side * 21.0, -17.0, -9.0), (19.0 * size, 18.0 * size, 28.0 * size), (0.0, 0.0), 0.36 * bone, "bone"
            ),
            1.3,
            0.12 * bone,
        )
    if ripe > 0.55:
        shapes += hollow(
            ball((dice.near(0.0, 3.0), -34.0, 41.0), (20.0 * size, 21.0 * size, 10.0), 0.55 * bone, "bone"),
            1.3,
            0.25 * bone,
        )
    if body.age > 55.0:
        shapes.append(tilted((dice.sign() * 40.0, 0.0, 0.0), (6.0, 5.0, 12.0), (0.3, 0.0), 0.5 * bone, "bone"))
    return shapes


def ankle(body: Physique, dice: Dice) -> list[Shape]:
    """Return lower leg, ankle and the back of the foot, toes to the front."""
    bone, size = body.mineral, 0.6 + 0.4 * body.maturity
    shapes: list[Shape] = [_flesh(_ANKLE, 0.4 * body.fat), ball((0.0, 24.0, 58.0), (34.0, 27.0, 100.0), 0.8)]
    shapes += long_bone(Bone((0.0, -420.0, 0.0), (-4.0, -14.0, 2.0), 13.0, (1.5, 1.65), (0.0, 0.045), wall=4.5), body)
    shapes += long_bone(Bone((22.0, -420.0, -8.0), (25.0, 6.0, -6.0), 6.5, (1.2, 1.5), (0.0, 0.05), wall=2.6), body)
    spongy = 0.16 * bone
    for center, half in (
        ((0.0, 2.0, 8.0), (19.0, 13.0, 26.0)),
        ((0.0, 16.0, 48.0), (17.0, 13.0, 9.0)),
        ((8.0, 25.0, 62.0), (12.0, 11.0, 14.0)),
        ((-10.0, 22.0, 66.0), (11.0, 10.0, 10.0)),
    ):
        scaled = (half[0] * size, half[1] * size, half[2] * size)
        shapes += hollow(ball(center, scaled, 0.45 * bone, "bone"), 1.3, spongy)
    heel = tilted((0.0, 28.0, -10.0), (15.0 * size, 16.0 * size, 42.0 * size), (0.0, -0.25), 0.45 * bone, "bone")
    shapes += hollow(heel, 1.4, 0.18 * bone)
    for i in range(5):
        x = -16.0 + 8.0 * i + dice.near(0.0, 0.6)
        shapes += long_bone(
            Bone((x, 24.0 + i, 76.0), (1.5 * x, 36.0, 142.0), 4.6, (1.5, 1.5), (0.0, 0.1), wall=1.5), body
        )
    return shapes


def elbow(body: Physique, dice: Dice) -> list[Shape]:
    """Return one straight elbow."""
    bone, size = body.mineral, 0.35 + 0.65 * body.maturity
    shapes: list[Shape] = [_flesh(_ELBOW, 0.5 * body.fat)]
    shapes += long_bone(
        Bone((0.0, -330.0, 0.0), (0.0, -6.0, 0.0), 10.5, (1.2, 2.5), (0.0, 0.06), wall=4.0, thick=0.7), body
    )
    shapes += long_bone(Bone((-9.0, -8.0, -10.0), (-24.0, 260.0, 0.0), 8.0, (1.9, 1.1), (0.03, 0.0), wall=3.0), body)
    shapes += long_bone(
        Bone((16.0, 6.0, 4.0), (22.0 + dice.near(0.0, 4.0), 260.0, 0.0), 6.8, (1.65, 1.6), (0.035, 0.0), wall=2.8), body
    )
    if body.maturity > 0.35:
        shapes += hollow(
            ball((15.0, -6.0, 4.0), (10.0 * size, 9.0 * size, 10.0 * size), 0.5 * bone, "bone"), 1.2, 0.25 * bone
        )
        shapes += hollow(
            ball((-26.0, -16.0, -4.0), (6.0 * size, 8.0 * size, 6.0 * size), 0.5 * bone, "bone"), 1.2, 0.25 * bone
        )
    return shapes


# finger: place of its knuckle (x, y), direction (x, y), lengths of its phalanges
_FINGERS: Final = (
    ((-50.0, 22.0), (-0.62, -0.78), (34.0, 25.0)),
    ((-24.0, -34.0), (-0.16, -0.99), (42.0, 25.0, 18.0)),
    ((-2.0, -38.0), (-0.02, -1.0), (46.0, 29.0, 19.0)),
    ((18.0, -30.0), (0.12, -0.99), (42.0, 27.0, 19.0)),
    ((36.0, -16.0), (0.28, -0.96), (34.0, 20.0, 17.0)),
)
# place (x, y), half axes, the age at which it appears
_CARPALS: Final = (
    (6.0, 44.0, 8.0, 8.5, 0.2), (18.0, 45.0, 6.5, 8.0, 0.3), (20.0, 58.0, 7.0, 6.5, 1.6), (7.0, 61.0, 8.0, 7.0, 3.0),
    (-10.0, 58.0, 7.0, 10.0, 4.5), (-16.0, 44.0, 6.5, 6.0, 4.8), (-6.0, 42.0, 6.0, 7.0, 4.4),
    (22.0, 56.0, 4.5, 4.5, 9.0),
)  # fmt: skip


def hand(body: Physique, dice: Dice) -> list[Shape]:
    """Return a hand laid flat, fingers up; carpals appear with the years and growth plates close last."""
    shapes: list[Shape] = [ball((-2.0, 12.0, 0.0), (47.0, 58.0, 13.0), _FLESH)]
    shapes.append(_flesh(_WRIST, 0.0))
    spread = dice.uniform(-0.05, 0.16)
    for i, (knuckle, (dx, dy), lengths) in enumerate(_FINGERS):
        shapes += _ray(
            body,
            (knuckle[0], knuckle[1]),
            (dx + spread * (i - 2), dy),
            lengths,
            (0.25 * knuckle[0] + (-8.0 if i == 0 else 0.0), 34.0),
        )
    for x, y, a, b, age in _CARPALS:
        size = min(1.0, 0.45 + 0.12 * (body.age - age)) if body.age > age else 0.0
        if size:
            shapes += hollow(
                ball((x, y, 0.0), (a * size, b * size, 7.0 * size), 0.65 * body.mineral, "bone"),
                1.1,
                0.3 * body.mineral,
            )
    shapes += long_bone(
        Bone((-11.0, 70.0, 0.0), (-12.0, 330.0, 0.0), 7.0, (2.2, 1.2), (0.045, 0.0), wall=2.6, thick=0.75), body
    )
    shapes += long_bone(Bone((15.0, 74.0, 0.0), (18.0, 330.0, 0.0), 6.0, (1.5, 1.2), (0.035, 0.0), wall=2.4), body)
    return shapes


def _ray(
    body: Physique,
    knuckle: tuple[float, float],
    way: tuple[float, float],
    lengths: tuple[float, ...],
    root: tuple[float, float],
) -> list[Shape]:
    """Return a metacarpal from ``root`` to ``knuckle`` and the phalanges beyond it, in their flesh."""
    start: Vector = (knuckle[0], knuckle[1], 0.0)
    shapes = long_bone(Bone((root[0], root[1], 0.0), start, 4.6, (1.55, 1.6), (0.0, 0.13), wall=1.7), body)
    x, y = knuckle
    wide = 4.2
    for length in lengths:
        x, y = x + 2.0 * way[0], y + 2.0 * way[1]
        end: Vector = (x + length * way[0], y + length * way[1], 0.0)
        shapes += long_bone(Bone((x, y, 0.0), end, wide, (1.6, 1.25), (0.13, 0.0), wall=1.5, thick=0.8), body)
        x, y, wide = end[0], end[1], wide * 0.82
    flesh = line(
        (knuckle[0] - 14.0 * way[0], knuckle[1] - 14.0 * way[1], 0.0),
        (x + 6.0 * way[0], y + 6.0 * way[1], 0.0),
        steps=12,
    )
    return [*shapes, Tube(flesh, (10.5, 9.5), _FLESH, taper=rounded(13, 0.12))]


def foot(body: Physique, dice: Dice) -> list[Shape]:
    """Return a foot seen from above, toes up."""
    bone, size = body.mineral, 0.6 + 0.4 * body.maturity
    shapes: list[Shape] = [_flesh(_FOOT, 0.0)]
    for i in range(5):
        root = (-20.0 + 11.0 * i, 14.0 + 3.5 * i)
        knuckle = (-28.0 + 14.5 * i + dice.near(0.0, 0.8), -54.0 + 4.0 * i * (0.5 + 0.25 * i))
        lengths = (28.0, 20.0) if i == 0 else (20.0 - i, 9.0, 8.0)
        shapes += _ray(body, knuckle, (-0.06 + 0.05 * i, -1.0), lengths, root)
    for x, y, a, b in (
        (-18.0, 32.0, 9.0, 12.0),
        (-4.0, 30.0, 8.0, 10.0),
        (8.0, 34.0, 8.0, 11.0),
        (18.0, 46.0, 12.0, 16.0),
        (-12.0, 52.0, 17.0, 9.0),
    ):
        shapes += hollow(ball((x, y, 0.0), (a * size, b * size, 11.0 * size), 0.6 * bone, "bone"), 1.2, 0.28 * bone)
    shapes += hollow(ball((-4.0, 76.0, 4.0), (18.0 * size, 22.0 * size, 14.0), 0.6 * bone, "bone"), 1.3, 0.3 * bone)
    heel = curve((10.0, 62.0, -6.0), (7.0, 100.0, -8.0), (5.0, 138.0, -8.0), steps=6)
    shapes.append(
        Tube(
            heel,
            (15.0 * size, 17.0 * size),
            0.2 * bone,
            "bone",
            taper=rounded(13, 0.2),
            wall=1.4,
            wall_amount=0.5 * bone,
        )
    )
    return shapes


def _flesh(outline: Sequence[tuple[float, ...]], fat: float) -> Shape:
    """Return the soft tissue within ``outline`` and ``fat`` millimetres around it."""
    return stack([(y, x, z, a + fat, b + fat) for y, x, z, a, b in outline], _FLESH)
