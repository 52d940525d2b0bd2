"""The pelvis and the hips."""

import numpy as np

from dicom_router.sample.bones import Bone, long_bone
from dicom_router.sample.exact import PI, cos, sin
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Shape, Sheet, Tube, Vector, ball, curve, hollow, tilted


def pelvis(body: Physique) -> list[Shape]:
    """Return both hip bones."""
    return [shape for side in (-1.0, 1.0) for shape in _hip_bone(body, side)]


def femora(body: Physique, spread: float = 0.0) -> list[Shape]:
    """Return both femora down to the middle of the shaft; ``spread`` leans them outwards."""
    return [shape for side in (-1.0, 1.0) for shape in _femur(body, side, spread)]


def _at(body: Physique, side: float, x: float, y: float, z: float) -> Vector:
    """Return a landmark of the left adult hip on ``side``; a child's pelvis is narrower."""
    narrow = 0.78 + 0.22 * body.maturity + (0.04 if body.female and body.grown else 0.0)
    return (side * x * narrow, 480.0 + (y - 480.0) * (0.86 + 0.14 * body.maturity), z * (0.5 + 0.5 * body.deep))


def _hip_bone(body: Physique, side: float) -> list[Shape]:
    def at(x: float, y: float, z: float) -> Vector:
        return _at(body, side, x, y, z)

    crest = curve(at(44, 458, -88), at(76, 424, -66), at(112, 412, -30), at(138, 434, 14), at(128, 482, 56), steps=8)
    brim = curve(at(40, 508, -74), at(56, 524, -50), at(74, 532, -24), at(92, 536, 6), at(106, 520, 36), steps=8)
    middle = 0.5 * (crest + brim) + np.asarray([-side * 12.0, 0.0, -4.0])[:, None]
    wing = Sheet(np.stack([crest, middle, brim], axis=1), 4.6, 0.52 * body.mineral)
    bone = body.mineral
    shapes: list[Shape] = [wing, Tube(crest, (4.5, 4.0), 0.3 * bone, "bone", wall=1.0, wall_amount=0.6 * bone)]
    shapes.append(Tube(brim, (6.0, 4.0), 0.30 * bone, "bone"))
    upper = curve(at(86, 566, 14), at(62, 578, 34), at(36, 588, 48), at(9, 596, 54), steps=8)
    lower = curve(at(9, 606, 52), at(22, 626, 36), at(40, 646, 12), at(60, 652, -10), steps=8)
    seat = curve(at(60, 652, -10), at(74, 628, -22), at(80, 596, -18), at(84, 560, -8), steps=8)
    for path, half in ((upper, (9.0, 7.0)), (lower, (7.0, 6.0)), (seat, (12.5, 10.0))):
        shapes.append(Tube(path, half, 0.22 * bone, "bone", wall=1.4, wall_amount=0.7 * bone))
    shapes += hollow(ball(at(12, 600, 52), (10.0, 17.0, 8.0), 0.5 * bone, "bone"), 1.5, 0.25 * bone)
    return [*shapes, *_socket(body, side)]


def _socket(body: Physique, side: float) -> list[Shape]:
    """Return the roof of the hip joint and the teardrop."""
    x, y, z = _at(body, side, 89.0, 562.0, 2.0)
    angle = np.arange(13) / 12.0 * (0.95 * PI) - 0.15 * PI
    radius = 27.5 * (0.8 + 0.2 * body.maturity)
    arc = np.stack([x - side * radius * cos(angle), y - radius * sin(angle), z + 0.0 * angle])
    roof = Tube(arc, (15.0, 2.0), 0.5 * body.mineral, "bone", flat=(0.0, 0.0, 1.0))
    return [roof, tilted((x - side * 25.0, y + 16.0, z), (3.0, 10.0, 8.0), (0.0, 0.0), 0.5 * body.mineral, "bone")]


def _femur(body: Physique, side: float, spread: float) -> list[Shape]:
    def at(x: float, y: float, z: float) -> Vector:
        return _at(body, side, x, y, z)

    bone = body.mineral
    head, base = at(89, 562, 2), at(128, 602, -4)
    ripe = body.maturity
    radius = 23.5 * (0.35 + 0.65 * ripe) * (0.82 + 0.18 * ripe)
    shapes: list[Shape] = hollow(ball(head, (radius, radius, radius), 0.5 * bone, "bone"), 1.4, 0.27 * bone)
    start = 0.12 if body.grown else 0.42
    neck_from = tuple(h + start * (b - h) for h, b in zip(head, base, strict=True))
    neck = curve(neck_from, base, steps=6)  # type: ignore[arg-type]
    shapes.append(
        Tube(
            neck,
            (16.0, 13.0),
            0.22 * bone,
            "bone",
            taper=np.asarray([0.95, 0.92, 0.96, 1.05, 1.15, 1.1, 0.8]),
            wall=2.0,
            wall_amount=0.65 * bone,
        )
    )
    shapes += hollow(
        tilted(at(136, 590, -10), (13.0 * ripe + 2.0, 22.0 * ripe + 2.0, 12.0), (side * 0.25, 0.0), 0.4 * bone, "bone"),
        1.3,
        0.2 * bone,
    )
    shapes.append(ball(at(112, 622, -12), (7.0, 10.0, 8.0), 0.3 * bone, "bone"))
    far = at(112 + 40.0 * spread, 860, 4)
    shaft = Bone(at(131, 590, -4), far, 14.0, (1.15, 1.9), (0.0, 0.0), wall=5.5)
    return [*shapes, *long_bone(shaft, body)]
