"""The spine: two dozen vertebrae with bodies, arches and processes, the sacrum, and what surgeons put there."""

from dataclasses import dataclass
from math import fsum
from typing import Final

import numpy as np

from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import RIGHT_TO_LEFT, Shape, Tube, Vector, ball, curve, hollow, line, tilted

# name: height in mm with its disc, half width, half depth of the body
_LEVELS: Final = (
    *((f"C{n}", 16.0, 11.5, 8.0) for n in range(3, 8)),
    *((f"T{n}", 18.2 + 0.9 * n, 13.0 + 0.6 * n, 9.5 + 0.55 * n) for n in range(1, 13)),
    *((f"L{n}", 34.0 + 0.9 * n, 20.0 + 1.0 * n, 16.5 + 0.3 * n) for n in range(1, 6)),
)
# Along a vertebral body from plate to plate: places, width, what a child's is narrower, density of the end plates.
_ALONG: Final = np.asarray([-1.0, -0.92, -0.84, -0.5, 0.0, 0.5, 0.84, 0.92, 1.0])
_WAIST: Final = np.asarray([1.05, 1.03, 1.0, 0.93, 0.90, 0.93, 1.0, 1.03, 1.05])
_ROUND: Final = np.asarray([0.40, 0.22, 0.10, 0.0, -0.10, 0.0, 0.10, 0.22, 0.40])
_PLATE: Final = np.asarray([2.0, 1.8, 0.2, 0.0, 0.0, 0.0, 0.2, 1.8, 2.0])
_CORE: Final = 0.16  # of a vertebral body's spongy bone, relative to cortical bone


@dataclass(frozen=True)
class Vertebra:
    """One level: its middle, half height, half width, half depth and how it leans."""

    name: str
    middle: Vector
    half_height: float
    half_width: float
    half_depth: float
    lean: tuple[float, float]  # shift in x and z per mm down


def vertebrae(body: Physique) -> list[Vertebra]:
    """Return C3 to L5; C7 ends and T1 begins at y = 0."""
    top = -fsum(height for name, height, _, _ in _LEVELS if name.startswith("C"))
    levels = []
    for name, height, width, depth in _LEVELS:
        middle = body.spine(top + 0.5 * height)
        above, below = body.spine(top), body.spine(top + height)
        lean = ((below[0] - above[0]) / height, (below[2] - above[2]) / height)
        narrow = 0.80 + 0.20 * body.maturity
        levels.append(Vertebra(name, middle, 0.5 * height * body.solid, width * narrow, depth * narrow, lean))
        top += height
    return levels


def spine(body: Physique, reach: tuple[float, float]) -> list[Shape]:
    """Return the bones from C1 to the coccyx that lie between the heights ``reach``."""
    shapes: list[Shape] = []
    for level in vertebrae(body):
        if reach[0] - 50.0 < level.middle[1] < reach[1] + 50.0:
            shapes += _vertebral_body(level, body)
            shapes += _arch(level, body)
    if reach[0] < -60.0:
        shapes += _atlas_and_axis(body)
    return [*shapes, *_sacrum(body)] if reach[1] > 430.0 else shapes


def _vertebral_body(level: Vertebra, body: Physique) -> list[Shape]:
    at = _ALONG * level.half_height
    x, y, z = level.middle
    path = np.stack([x + at * level.lean[0], y + at, z + at * level.lean[1]])
    young = 1.0 - body.maturity
    return [
        Tube(
            path,
            (level.half_width, level.half_depth),
            _CORE * body.mineral,
            "bone",
            flat=RIGHT_TO_LEFT,
            taper=_WAIST - young * _ROUND,
            wall=1.2,
            wall_amount=0.7 * body.mineral,
            dense=1.0 + _PLATE * (1.0 - 0.6 * young),
        )
    ]


def _arch(level: Vertebra, body: Physique) -> list[Shape]:
    """Return pedicles, spinous and transverse processes and facets of one vertebra."""
    x, y, z = level.middle
    w, d, h = level.half_width, level.half_depth, level.half_height
    bone = (0.26 if level.name.startswith("T") else 0.55) * body.mineral
    cervical = level.name.startswith("C")
    shapes: list[Shape] = []
    for side in (-1.0, 1.0):
        pedicle = ball((x + side * 0.72 * w, y - 0.25 * h, z - 1.35 * d), (0.22 * w, 0.42 * h, 0.55 * d), bone, "bone")
        shapes += hollow(pedicle, 1.2, 0.25 * bone)
        facet = tilted(
            (x + side * 0.8 * w, y + 0.8 * h, z - 1.75 * d),
            (0.26 * w, 0.55 * h, 0.22 * d),
            (0.0, -0.3),
            0.6 * bone,
            "bone",
        )
        shapes.append(facet)
        reach = 1.35 if cervical else (1.9 if level.name.startswith("L") else 1.75)
        root: Vector = (x + side * 0.8 * w, y - 0.1 * h, z - 1.5 * d)
        tip: Vector = (x + side * reach * w, y - 0.25 * h, z - 1.9 * d)
        shapes.append(Tube(line(root, tip), (0.24 * h, 0.16 * d), 0.45 * bone, "bone"))
    drop = 1.25 if level.name.startswith("T") else 0.55
    long = 1.6 if cervical else 2.1
    start: Vector = (x, y + 0.35 * h, z - 2.0 * d)
    end: Vector = (x, y + (0.35 + drop) * h, z - (2.0 + long * 0.75) * d)
    shapes.append(Tube(line(start, end), (0.42 * h, 2.6), 0.5 * bone, "bone", taper=np.asarray([0.8, 1.15])))
    return shapes


def _atlas_and_axis(body: Physique) -> list[Shape]:
    bone = 0.7 * body.mineral
    x, _, z = body.spine(-100.0)
    ring = curve((x - 22.0, -112.0, z), (x, -112.0, z + 14.0), (x + 22.0, -112.0, z))
    back = curve((x - 22.0, -112.0, z - 4.0), (x, -110.0, z - 28.0), (x + 22.0, -112.0, z - 4.0))
    return [
        ball((x, -92.0, z), (11.0, 9.0, 8.0), 0.45 * bone, "bone"),
        ball((x, -106.0, z + 3.0), (5.0, 12.0, 5.0), 0.7 * bone, "bone"),
        Tube(ring, (6.0, 4.0), 0.7 * bone, "bone"),
        Tube(back, (4.0, 3.0), 0.7 * bone, "bone"),
        Tube(line((x, -94.0, z - 14.0), (x, -86.0, z - 34.0)), (7.0, 3.0), 0.6 * bone, "bone"),
    ]


def _sacrum(body: Physique) -> list[Shape]:
    places = [body.spine(y) for y in (482.0, 505.0, 530.0, 555.0, 580.0, 596.0)]
    bone = body.mineral
    young = 0.82 + 0.18 * body.maturity
    taper = np.interp(np.arange(31) / 6.0, np.arange(6), np.asarray([0.62, 1.0, 0.88, 0.62, 0.36, 0.2]))
    plate = Tube(
        curve(*places, steps=6), (50.0 * young, 15.0), 0.16 * bone, "bone", flat=(1.0, 0.0, 0.0), taper=taper[:31],
        wall=1.6, wall_amount=0.6 * bone,
    )  # fmt: skip
    holes: list[Shape] = [
        ball((x + side * (21.0 - 2.4 * i) * young, y + 4.0, z), (4.4, 3.6, 11.0), -0.3 * bone, "bone")
        for i, (x, y, z) in enumerate(places[:4])
        for side in (-1.0, 1.0)
    ]
    lines: list[Shape] = [
        Tube(line((x - 16.0 * young, y, z), (x + 16.0 * young, y, z)), (1.3, 9.0), 0.4 * bone, "bone")
        for x, y, z in places[:4]
    ]
    x, y, z = places[-1]
    tail = Tube(curve((x, y, z), (x, y + 18.0, z + 4.0), (x, y + 32.0, z + 15.0)), (6.0, 4.0), 0.45 * bone, "bone")
    return [plate, *holes, *lines, tail]
