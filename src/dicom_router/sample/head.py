"""The head: skull, face, jaw and teeth."""

from dicom_router.sample.dice import Dice
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Flesh, Shape, Tube, ball, curve, hollow, line, tilted


def head(body: Physique, dice: Dice) -> list[Shape]:
    """Return the head above the neck; a child's is large for its trunk, with a small face."""
    big = 1.0 + 0.55 * (1.0 - body.maturity)
    face = 1.0 - 0.22 * (1.0 - body.maturity)
    base = -128.0
    bone = body.mineral
    brain = (0.0, base - 72.0 * big, -8.0)
    size = (72.0 * big, 72.0 * big, 90.0 * big)
    scalp = ball(brain, (size[0] + 5.0, size[1] + 6.0, size[2] + 6.0), 1.0)
    shapes: list[Shape] = [
        Flesh(((scalp,), (ball((0.0, base + 8.0, 42.0), (52.0 * big, 70.0 * face, 52.0), 1.0),)), 1.0)
    ]
    shapes += hollow(ball(brain, size, 0.75 * bone, "bone"), 4.0 + 2.0 * body.maturity, 0.0)
    return [*shapes, *_face(body, base, big, face), *_jaw(body, base, face, dice)]


def _face(body: Physique, base: float, big: float, face: float) -> list[Shape]:
    bone = body.mineral
    shapes: list[Shape] = [
        tilted((0.0, base - 20.0, 20.0), (52.0, 7.0, 36.0), (0.0, 0.12), 0.2 * bone, "bone"),
        ball((0.0, base - 14.0, 34.0), (34.0, 34.0 * face, 34.0), 0.2 * bone, "bone"),
        ball((0.0, base - 12.0, 62.0), (9.0, 17.0 * face, 22.0), -0.8),
        ball((0.0, base - 58.0 * big, 70.0), (20.0 * body.maturity + 1.0, 9.0, 8.0), -0.8),
    ]
    for side in (-1.0, 1.0):
        x = side * 30.0
        shapes.append(ball((x, base - 36.0, 62.0), (18.0, 16.0, 18.0), -0.28 * bone, "bone"))
        rim = curve(
            (x - 18.0, base - 36.0, 72.0),
            (x, base - 54.0, 78.0),
            (x + 18.0, base - 36.0, 72.0),
            (x, base - 20.0, 76.0),
            (x - 18.0, base - 36.0, 72.0),
        )
        shapes.append(Tube(rim, (2.6, 2.6), 0.75 * bone, "bone"))
        shapes.append(
            tilted(
                (side * 28.0, base - 4.0, 58.0),
                (13.0, 14.0 * face, 15.0),
                (0.0, 0.0),
                -0.75 * (0.3 + 0.7 * body.maturity),
            )
        )
        shapes.append(
            Tube(
                line((side * 55.0, base - 14.0, 55.0), (side * 66.0, base - 12.0, 5.0)), (4.5, 3.0), 0.5 * bone, "bone"
            )
        )
        shapes.append(ball((side * 58.0, base - 2.0, -14.0), (12.0, 15.0, 14.0), 0.35 * bone, "bone"))
        shapes.append(tilted((side * 34.0, base - 18.0, 0.0), (26.0, 9.0, 10.0), (0.15, 0.0), 0.35 * bone, "bone"))
    return shapes


def _jaw(body: Physique, base: float, face: float, dice: Dice) -> list[Shape]:
    bone = body.mineral
    low = base + 62.0 * face
    jaw = curve(
        (-52.0, base - 8.0, 12.0), (-50.0, base + 34.0 * face, 14.0), (-34.0, low - 12.0, 52.0), (0.0, low, 84.0),
        (34.0, low - 12.0, 52.0), (50.0, base + 34.0 * face, 14.0), (52.0, base - 8.0, 12.0),
    )  # fmt: skip
    shapes: list[Shape] = [Tube(jaw, (12.0, 5.5), 0.3 * bone, "bone", wall=2.0, wall_amount=0.8 * bone)]
    teeth = 8 if body.age > 1.5 and not (body.age > 70.0 and dice.chance(0.5)) else 0
    for i in range(-teeth // 2, teeth // 2 + 1 if teeth else 0):
        x, z = 6.6 * i, 82.0 - 1.15 * i * i
        filled = dice.chance(0.12) and body.age > 16.0
        for y in (base + 27.0 * face, base + 38.0 * face):
            shapes.append(tilted((x, y, z), (3.2, 6.0 * face, 3.6), (0.0, 0.0), 0.9, "bone"))
            if filled:
                shapes.append(ball((x, y, z), (2.6, 2.6, 2.6), 0.8, "metal"))
    return shapes
