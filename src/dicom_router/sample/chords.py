"""Ellipsoids and stacks of ellipses: the exact length of every ray inside them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_router.sample.shapes import Ellipsoid, Stack
from dicom_router.sample.view import View


@dataclass(frozen=True)
class Patch:
    """``values`` for the part ``where`` of an image."""

    where: tuple[slice, slice]
    values: NDArray[np.float32]


def chord(shape: Ellipsoid | Stack, view: View) -> Patch | None:
    """Return the length in mm of each ray inside ``shape``; None where it is off the image."""
    return _ellipsoid_chord(shape, view) if isinstance(shape, Ellipsoid) else _stack_chord(shape, view)


def _ellipsoid_chord(shape: Ellipsoid, view: View) -> Patch | None:
    q = _form(shape, view)
    flat = q[0][0] * q[1][1] - q[0][1] * q[0][1]
    if flat <= 0.0:
        return None
    col, row, scale = (float(v) for v in view.place(np.asarray(shape.center, dtype=np.float64)))
    where = _window(view, (col, row), (np.sqrt(q[0][0]) * scale, np.sqrt(q[1][1]) * scale))
    if where is None:
        return None
    v = ((np.arange(where[0].start, where[0].stop) - row) / scale).astype(np.float32)[:, None]
    u = ((np.arange(where[1].start, where[1].stop) - col) / scale).astype(np.float32)[None, :]
    a, b, d = (np.float32(value / flat) for value in (q[1][1], -2.0 * q[0][1], q[0][0]))
    inside = np.float32(1.0) - (u * u * a + (v * b) * u + v * v * d)
    longest = np.float32(2.0 * np.sqrt(max(_determinant(q), 0.0) / flat))
    return Patch(where, np.sqrt(np.maximum(inside, np.float32(0.0))) * longest)


def _form(shape: Ellipsoid, view: View) -> list[list[float]]:
    """Return the 3x3 sum of the half axes' squares, as seen along columns, rows and depth.

    The ellipsoid's outline on the detector is the ellipse of its upper left 2x2 part, and its longest chord is
    twice the root of the ratio of both determinants.
    """
    (c, s), (k, m) = view.direction, view.inward
    q = [[0.0] * 3 for _ in range(3)]
    for x, y, z in shape.axes:
        seen = (x * c + z * s, y, x * k + z * m)
        for i in range(3):
            for j in range(3):
                q[i][j] += seen[i] * seen[j]
    return q


def _determinant(q: list[list[float]]) -> float:
    """Return the determinant of a symmetric 3x3 form."""
    return (
        q[0][0] * (q[1][1] * q[2][2] - q[1][2] * q[1][2])
        - q[0][1] * (q[0][1] * q[2][2] - q[1][2] * q[0][2])
        + q[0][2] * (q[0][1] * q[1][2] - q[1][1] * q[0][2])
    )


def _stack_chord(shape: Stack, view: View) -> Patch | None:
    c, s = view.direction
    scale = view.pixels_per_mm
    rows = np.arange(view.shape[0])
    y = (rows - 0.5 * (view.shape[0] - 1)) / scale + view.center[1]
    inside = np.flatnonzero((y >= shape.y[0]) & (y <= shape.y[-1]))
    if not inside.size:
        return None
    where_rows = slice(int(inside[0]), int(inside[-1]) + 1)
    x, z, a, b = (np.interp(y[where_rows], shape.y, part) for part in (shape.x, shape.z, shape.a, shape.b))
    middle = x * c + z * s
    half = np.sqrt(a * a * (c * c) + b * b * (s * s)) + 1e-3
    depth = 2.0 * a * b / half
    u = ((np.arange(view.shape[1]) - 0.5 * (view.shape[1] - 1)) / scale + view.center[0]).astype(np.float32)
    left = (u[None, :] - middle.astype(np.float32)[:, None]) * (1.0 / half).astype(np.float32)[:, None]
    room = np.maximum(np.float32(1.0) - left * left, np.float32(0.0))
    return Patch((where_rows, slice(0, view.shape[1])), np.sqrt(room) * depth.astype(np.float32)[:, None])


def _window(view: View, at: tuple[float, float], half: tuple[float, float]) -> tuple[slice, slice] | None:
    """Return the rows and columns within ``half`` (columns, rows) of ``at``; None where there are none."""
    height, width = view.shape
    first_col, last_col = max(0, int(at[0] - half[0])), min(width, int(at[0] + half[0]) + 2)
    first_row, last_row = max(0, int(at[1] - half[1])), min(height, int(at[1] + half[1]) + 2)
    if first_col >= last_col or first_row >= last_row:
        return None
    return slice(first_row, last_row), slice(first_col, last_col)
