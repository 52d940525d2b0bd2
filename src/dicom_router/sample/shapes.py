"""The parts that bodies are made of, in the body's own frame.

x points to the patient's left, y to the feet, z to the front; y = 0 lies at the
first thoracic vertebra. Lengths are the millimetres of an adult of 175 cm; a
child's body is drawn in the same units and scaled as a whole.

A shape's ``amount`` is a density relative to its ``material`` and may be
negative: air in the bowel is soft tissue taken away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from dicom_router.sample.exact import Floats

Material = Literal["soft", "bone", "metal"]
Vector = tuple[float, float, float]

RIGHT_TO_LEFT: Final[Vector] = (1.0, 0.0, 0.0)
HEAD_TO_FEET: Final[Vector] = (0.0, 1.0, 0.0)
BACK_TO_FRONT: Final[Vector] = (0.0, 0.0, 1.0)
_AXES: Final = (RIGHT_TO_LEFT, HEAD_TO_FEET, BACK_TO_FRONT)


@dataclass(frozen=True)
class Ellipsoid:
    """A solid ellipsoid; ``axes`` are its three half axes as vectors."""

    center: Vector
    axes: tuple[Vector, Vector, Vector]
    amount: float
    material: Material = "soft"


@dataclass(frozen=True)
class Tube:
    """A tube of elliptic section along ``path`` of shape (3, n).

    ``half`` are the half widths of the section along ``flat`` (a unit vector) and
    across it; ``taper`` of shape (n,) scales both along the path. The core has
    the density ``amount``, the outer ``wall`` millimetres have ``wall_amount``;
    ``dense`` of shape (n,) multiplies both along the path.
    """

    path: Floats
    half: tuple[float, float]
    amount: float
    material: Material = "soft"
    flat: Vector = HEAD_TO_FEET
    taper: Floats | None = None
    wall: float = 0.0
    wall_amount: float = 0.0
    dense: Floats | None = None


@dataclass(frozen=True)
class Bundle:
    """Thin solid tubes through ``paths`` of shape (k, 3, n), with the half widths ``half`` of shape (k, n)."""

    paths: Floats
    half: Floats
    amount: float
    material: Material = "soft"


@dataclass(frozen=True)
class Sheet:
    """A curved plate through the points ``grid`` of shape (3, n, m), ``thickness`` millimetres thick."""

    grid: Floats
    thickness: float
    amount: float
    material: Material = "bone"


@dataclass(frozen=True)
class Stack:
    """Horizontal ellipses on top of each other.

    At the heights ``y``, which grow, lie the centres ``x`` and ``z`` and the half axes ``a`` along x and ``b`` along
    z; all are of shape (n,).
    """

    y: Floats
    x: Floats
    z: Floats
    a: Floats
    b: Floats
    amount: float
    material: Material = "soft"


@dataclass(frozen=True)
class Cavity:
    """The room of ``hull`` that ``filled`` leaves: a chest's air. ``amount`` is what the air takes away.

    Shapes of one group in ``filled`` merge, groups add up; a shape's own amount is its share of a full filling.
    """

    hull: Stack
    filled: tuple[tuple[Ellipsoid | Stack, ...], ...]
    amount: float
    material: Material = "soft"


@dataclass(frozen=True)
class Flesh:
    """Soft bodies grown together: the chords of one group add up, of several groups the longest counts."""

    groups: tuple[tuple[Ellipsoid | Stack, ...], ...]
    amount: float
    material: Material = "soft"


Shape = Ellipsoid | Tube | Bundle | Sheet | Stack | Cavity | Flesh


def ball(center: Vector, half: Vector, amount: float, material: Material = "soft") -> Ellipsoid:
    """Return an ellipsoid with its half axes along x, y and z."""
    axes = tuple(tuple(size * part for part in axis) for size, axis in zip(half, _AXES, strict=True))
    return Ellipsoid(center, axes, amount, material)  # type: ignore[arg-type]


def tilted(
    center: Vector, half: Vector, lean: tuple[float, float], amount: float, material: Material = "soft"
) -> Ellipsoid:
    """Return an ellipsoid whose y axis leans by ``lean``: the shifts in x and z per unit of y."""
    x, z = lean
    length = float(np.sqrt(1.0 + x * x + z * z))
    down = (x / length, 1.0 / length, z / length)
    flat = float(np.sqrt(down[0] * down[0] + down[1] * down[1]))
    across = (down[1] / flat, -down[0] / flat, 0.0)
    front = (-down[2] * across[1], down[2] * across[0], down[0] * across[1] - down[1] * across[0])
    axes = tuple(tuple(size * part for part in axis) for size, axis in zip(half, (across, down, front), strict=True))
    return Ellipsoid(center, axes, amount, material)  # type: ignore[arg-type]


def hollow(solid: Ellipsoid, wall: float, core: float) -> list[Shape]:
    """Return ``solid`` with a shell of ``wall`` millimetres and the density ``core`` inside."""
    axes = tuple(tuple(part * _shrink(axis, wall) for part in axis) for axis in solid.axes)
    return [solid, Ellipsoid(solid.center, axes, core - solid.amount, solid.material)]  # type: ignore[arg-type]


def line(*points: Vector, steps: int = 1) -> Floats:
    """Return the path through ``points`` of shape (3, n), each stretch cut into ``steps``."""
    corners = np.asarray(points, dtype=np.float64).T
    if steps == 1:
        return corners
    at = np.arange((corners.shape[1] - 1) * steps + 1) / steps
    return np.stack([np.interp(at, np.arange(corners.shape[1]), row) for row in corners])


def curve(*points: Vector, steps: int = 6) -> Floats:
    """Return a smooth path of shape (3, n) through ``points``: a Catmull-Rom spline."""
    corners = np.asarray([points[0], *points, points[-1]], dtype=np.float64).T
    t = np.arange(steps, dtype=np.float64) / steps
    p0, p1, p2, p3 = (corners[:, i : i + len(points) - 1, None] for i in range(4))
    slope, bend, twist = p2 - p0, 2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3, 3.0 * p1 - 3.0 * p2 + p3 - p0
    between = 0.5 * (2.0 * p1 + t * (slope + t * (bend + t * twist)))
    return np.concatenate([between.reshape(len(corners), -1), corners[:, -1:]], axis=1)


def rounded(count: int, ends: float = 0.25) -> Floats:
    """Return the taper (count,) of a tube with round ends, each a share ``ends`` of its length."""
    t = np.arange(count) / (count - 1)
    near = np.minimum(np.minimum(t, 1.0 - t) / ends, 1.0)
    return np.sqrt(1.0 - (1.0 - near) * (1.0 - near)) + 1e-3


def stack(table: Sequence[Sequence[float]], amount: float, material: Material = "soft") -> Stack:
    """Return the stack whose rows are ``table``'s (y, x, z, a, b), rounded between them by a spline."""
    rows = np.asarray(table, dtype=np.float64)
    smooth = curve(*[tuple(row) for row in rows], steps=8)
    smooth[0] = np.maximum.accumulate(smooth[0])
    return Stack(
        smooth[0], smooth[1], smooth[2], np.maximum(smooth[3], 0.0), np.maximum(smooth[4], 0.0), amount, material
    )


def _shrink(axis: Vector, wall: float) -> float:
    """Return the factor that takes ``wall`` off the length of ``axis``."""
    length = float(np.sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]))
    return max(length - wall, 0.05 * length) / length
