"""Long bones: a shaft with a thick wall that flares into spongy ends, and growth plates while they are open."""

from dataclasses import dataclass
from math import fsum
from typing import Final

import numpy as np

from dicom_router.sample.exact import Floats
from dicom_router.sample.physique import Physique
from dicom_router.sample.shapes import Ellipsoid, Shape, Tube, Vector, hollow

_PLACES: Final = np.asarray(
    [
        0.0,
        0.02,
        0.04,
        0.06,
        0.09,
        0.12,
        0.16,
        0.2,
        0.26,
        0.35,
        0.5,
        0.65,
        0.74,
        0.8,
        0.84,
        0.88,
        0.91,
        0.94,
        0.96,
        0.98,
        1.0,
    ]
)


@dataclass(frozen=True)
class Bone:
    """A long bone from ``start`` to ``end``: half width of its shaft, flare of both ends, and their epiphyses.

    ``caps`` are the lengths of the epiphyses in shares of the bone; 0 is none.
    """

    start: Vector
    end: Vector
    half: float
    flare: tuple[float, float] = (1.6, 1.6)
    caps: tuple[float, float] = (0.08, 0.08)
    wall: float = 2.5
    flat: Vector = (1.0, 0.0, 0.0)
    thick: float = 0.85  # depth of the section relative to its width
    bow: Vector = (0.0, 0.0, 0.0)


def long_bone(bone: Bone, body: Physique) -> list[Shape]:
    """Return the shapes of ``bone`` at the maturity of ``body``."""
    path, taper = _course(bone)
    first, last = (0.0 if body.grown else cap * (0.95 - 0.35 * body.maturity) for cap in bone.caps)
    keep = (first <= _PLACES) & (1.0 - last >= _PLACES)
    dense = body.mineral
    size = (bone.half * (0.84 + 0.16 * body.maturity), bone.half * bone.thick * (0.84 + 0.16 * body.maturity))
    shaft = Tube(
        path[:, keep], size, 0.20 * dense, "bone", flat=bone.flat, taper=taper[keep], wall=bone.wall * 0.8,
        wall_amount=0.85 * dense,
    )  # fmt: skip
    caps = [cap for end in (0, 1) if bone.caps[end] for cap in _cap(bone, body, end)]
    return [shaft, *caps]


def _course(bone: Bone) -> tuple[Floats, Floats]:
    """Return the path (3, n) and the taper (n,) of the whole bone."""
    start, end, bow = (np.asarray(v, dtype=np.float64)[:, None] for v in (bone.start, bone.end, bone.bow))
    t = _PLACES[None, :]
    path = start + (end - start) * t + bow * (4.0 * t * (1.0 - t))
    near, far = bone.flare
    start_flare, end_flare = (np.maximum(1.0 - part / 0.27, 0.0) for part in (_PLACES, 1.0 - _PLACES))
    return path, 1.0 + (near - 1.0) * start_flare * start_flare + (far - 1.0) * end_flare * end_flare


def _cap(bone: Bone, body: Physique, end: int) -> list[Shape]:
    """Return the rounded end of a bone: fused, or apart from the shaft by a growth plate."""
    start, stop = (bone.start, bone.end) if end == 0 else (bone.end, bone.start)
    share = bone.caps[end]
    along = tuple(b - a for a, b in zip(start, stop, strict=True))
    length = float(np.sqrt(along[0] * along[0] + along[1] * along[1] + along[2] * along[2]))
    unit = tuple(part / length for part in along)
    ripe = 1.0 if body.grown else body.maturity * 0.9
    if ripe < 0.15:
        return []
    wide = bone.half * bone.flare[end] * (0.45 + 0.55 * ripe) * 0.97
    high = (
        0.5
        * share
        * length
        * (0.95 if not body.grown else 1.15)
        * (0.45 + 0.55 * ripe)
        * (0.8 if not body.grown else 1.0)
    )
    middle = tuple(
        a + u * 0.5 * share * length * (0.80 if not body.grown else 0.9) for a, u in zip(start, unit, strict=True)
    )
    across = _perpendicular(unit, bone.flat)
    front = (
        unit[1] * across[2] - unit[2] * across[1],
        unit[2] * across[0] - unit[0] * across[2],
        unit[0] * across[1] - unit[1] * across[0],
    )
    axes = tuple(
        tuple(size * part for part in axis) for size, axis in ((wide, across), (high, unit), (wide * bone.thick, front))
    )
    wall, core = (0.3, 0.05) if body.grown else (0.62, 0.24)  # a fused end lies within the shaft's own
    solid = Ellipsoid(middle, axes, wall * body.mineral, "bone")  # type: ignore[arg-type]
    return hollow(solid, 1.2, core * body.mineral)


def _perpendicular(unit: tuple[float, ...], flat: Vector) -> tuple[float, float, float]:
    """Return the unit vector nearest to ``flat`` across ``unit``."""
    lean = fsum(a * b for a, b in zip(unit, flat, strict=True))
    rest = [b - lean * a for a, b in zip(unit, flat, strict=True)]
    length = float(np.sqrt(rest[0] * rest[0] + rest[1] * rest[1] + rest[2] * rest[2])) + 1e-9
    return (rest[0] / length, rest[1] / length, rest[2] / length)
