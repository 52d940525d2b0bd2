"""Shapes to attenuation: line integrals through a body, as a point source and a flat detector see them.

Ellipsoids and stacks have exact chords, drawn densely. Tubes and sheets are
cut into pieces of less than a pixel that are dropped on the detector with their
mass, so that what is seen edge-on turns dense by itself, as in a real film.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.sample.dice import Dice
from dicom_router.sample.exact import Floats, cos, sin
from dicom_router.sample.shapes import Bundle, Cavity, Ellipsoid, Flesh, Material, Shape, Sheet, Stack, Tube

_STEP: Final = 0.9  # pixels between two pieces
_CHUNK: Final = 16384  # pieces dropped at a time: they stay in the processor's cache


@dataclass(frozen=True)
class View:
    """Where the detector stands: ``turn`` radians about the long axis (0 frontal, pi/2 lateral)."""

    turn: float
    center: tuple[float, float]
    pixels_per_mm: float
    shape: tuple[int, int]
    source_mm: float = 1500.0  # positive: the source is in front, the detector behind (AP); negative: PA
    mirrored: bool = False

    @cached_property
    def direction(self) -> tuple[float, float]:
        """Return what x and z count across the detector."""
        sign = -1.0 if self.mirrored else 1.0
        return sign * cos(self.turn), sign * sin(self.turn)

    @cached_property
    def inward(self) -> tuple[float, float]:
        """Return what x and z count towards the source."""
        return -sin(self.turn), cos(self.turn)

    def place(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Return columns, rows and local pixels per millimetre of ``points`` of shape (3, …)."""
        across = points[0] * self.direction[0] + points[2] * self.direction[1]
        depth = points[0] * self.inward[0] + points[2] * self.inward[1]
        scale = self.pixels_per_mm * self.source_mm / (self.source_mm - depth)
        cols = (across - self.center[0]) * scale + 0.5 * (self.shape[1] - 1)
        rows = (points[1] - self.center[1]) * scale + 0.5 * (self.shape[0] - 1)
        return cols, rows, scale


@dataclass
class Canvas:
    """Attenuation that grows shape by shape; ``weights`` are attenuation per millimetre by material."""

    view: View
    weights: dict[Material, float]
    grain: Dice
    image: NDArray[np.float32] = field(init=False)
    _drops: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.image = np.zeros(self.view.shape, dtype=np.float32)
        self._drops = np.zeros(self.view.shape)

    def draw(self, shapes: list[Shape]) -> None:
        """Add ``shapes``; tubes and sheets show after ``finish``."""
        for shape in shapes:
            self._draw(shape, shape.amount * self.weights[shape.material])

    def finish(self) -> NDArray[np.float32]:
        """Return the attenuation of everything drawn, (H, W) float32."""
        return self.image + self._drops.astype(np.float32)

    def _draw(self, shape: Shape, amount: float) -> None:
        match shape:
            case Ellipsoid() | Stack():
                patch = chord(shape, self.view)
                if patch is not None:
                    self.image[patch.where] += patch.values * np.float32(amount)
            case Cavity():
                self._draw_cavity(shape, amount)
            case Flesh():
                self.image += self._thickest(shape) * np.float32(amount)
            case Tube():
                self._drop(tube_pieces(shape, self.view, self.weights[shape.material], self.grain))
            case Bundle():
                self._drop(bundle_pieces(shape, self.view, amount))
            case Sheet():
                self._drop(sheet_pieces(shape, self.view, amount))

    def _draw_cavity(self, cavity: Cavity, amount: float) -> None:
        room = self._merged((cavity.hull,))
        for group in cavity.filled:
            room -= self._merged(group)
        self.image += np.maximum(room, np.float32(0.0)) * np.float32(amount)

    def _merged(self, group: tuple[Ellipsoid | Stack, ...]) -> NDArray[np.float32]:
        """Return the longest chord through any shape of ``group``, pixel by pixel."""
        longest = np.zeros(self.view.shape, dtype=np.float32)
        for shape in group:
            patch = chord(shape, self.view)
            if patch is not None:
                part = longest[patch.where]
                np.maximum(part, patch.values * np.float32(shape.amount), out=part)
        return longest

    def _thickest(self, flesh: Flesh) -> NDArray[np.float32]:
        """Return the chord through ``flesh``, pixel by pixel."""
        thickest = np.zeros(self.view.shape, dtype=np.float32)
        for group in flesh.groups:
            total = np.zeros(self.view.shape, dtype=np.float32)
            for shape in group:
                patch = chord(shape, self.view)
                if patch is not None:
                    total[patch.where] += patch.values * np.float32(shape.amount)
            thickest = np.maximum(thickest, total)
        return thickest

    def _drop(self, pieces: tuple[Floats, Floats, Floats] | None) -> None:
        if pieces is not None:
            splat(pieces, self._drops)


@dataclass(frozen=True)
class Patch:
    """``values`` for the part ``where`` of an image."""

    where: tuple[slice, slice]
    values: NDArray[np.float32]


def chord(shape: Ellipsoid | Stack, view: View) -> Patch | None:
    """Return the length in mm of each ray inside ``shape``; None where it is off the image."""
    return _ellipsoid_chord(shape, view) if isinstance(shape, Ellipsoid) else _stack_chord(shape, view)


def _ellipsoid_chord(shape: Ellipsoid, view: View) -> Patch | None:
    (c, s), (k, m) = view.direction, view.inward
    q = [[0.0] * 3 for _ in range(3)]
    for x, y, z in shape.axes:
        seen = (x * c + z * s, y, x * k + z * m)
        for i in range(3):
            for j in range(3):
                q[i][j] += seen[i] * seen[j]
    flat = q[0][0] * q[1][1] - q[0][1] * q[0][1]
    solid = (
        q[0][0] * (q[1][1] * q[2][2] - q[1][2] * q[1][2])
        - q[0][1] * (q[0][1] * q[2][2] - q[1][2] * q[0][2])
        + q[0][2] * (q[0][1] * q[1][2] - q[1][1] * q[0][2])
    )
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
    return Patch(where, np.sqrt(np.maximum(inside, np.float32(0.0))) * np.float32(2.0 * np.sqrt(max(solid, 0.0) / flat)))


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


def tube_pieces(tube: Tube, view: View, weight: float, grain: Dice) -> tuple[Floats, Floats, Floats] | None:
    """Return columns, rows and masses of the pieces of ``tube``; None where it is off the image."""
    cols, rows, scale = view.place(tube.path)
    reach = float(scale.max()) * max(tube.half) * 1.5 + 2.0
    if _outside(cols, rows, reach, view.shape):
        return None
    step = np.diff(tube.path, axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(step[0] * step[0] + step[1] * step[1] + step[2] * step[2]))])
    across, down, steep = _tangents(cols, rows, scale, along)
    count = max(2, int(along[-1] * float(scale.max()) / _STEP) + 1)
    at = (np.arange(count) + 0.5) * (along[-1] / count)
    ones = np.ones_like(along)
    taper = ones if tube.taper is None else tube.taper
    dense = ones if tube.dense is None else tube.dense
    table = np.stack([np.interp(at, along, part) for part in (cols, rows, scale, taper, dense, across, down, steep)])
    near = (table[0] > -reach) & (table[0] < view.shape[1] + reach) & (table[1] > -reach) & (table[1] < view.shape[0] + reach)
    col, row, local, taper, dense, across, down, steep = table[:, near]
    if not col.size:
        return None
    half, depth = _section(tube, view, -down, across)
    half, depth = half * taper, depth * taper
    s = _middles(max(2, int(2.0 * float((half * local).max()) / _STEP) + 1))[None, :]
    mass = _profile(tube, s, half[:, None], depth[:, None])
    mass = mass * ((along[-1] / count * weight * 2.0 / s.size) * local * local * half * dense)[:, None]
    if tube.material == "bone" and tube.wall > 0.0:
        mass = mass * (1.0 + 0.22 * grain.normals(*mass.shape))
    wide = half * local
    cols2, rows2 = col[:, None] - s * (wide * down)[:, None], row[:, None] + s * (wide * across)[:, None]
    lean = depth * local * steep
    edge_on = (steep > 0.6) & (lean > 1.0)
    if not edge_on.any():
        return cols2.ravel(), rows2.ravel(), mass.ravel()
    disc = (np.sqrt(1.0 - s * s) * lean[:, None])[edge_on]
    t = _middles(min(24, int(1.5 * float(lean[edge_on].max())) + 1)).reshape(-1, 1, 1)
    pieces = (
        (cols2[edge_on] + t * (disc * across[edge_on, None]), cols2[~edge_on]),
        (rows2[edge_on] + t * (disc * down[edge_on, None]), rows2[~edge_on]),
        (np.broadcast_to(mass[edge_on] / t.size, (t.size, *disc.shape)), mass[~edge_on]),
    )
    col, row, mass = (np.concatenate([part.ravel() for part in pair]) for pair in pieces)
    return col, row, mass


def bundle_pieces(bundle: Bundle, view: View, amount: float) -> tuple[Floats, Floats, Floats] | None:
    """Return columns, rows and masses of the pieces of all tubes of ``bundle``; None where they are off the image."""
    cols, rows, scale = view.place(np.moveaxis(bundle.paths, 1, 0))
    if not cols.size or _outside(cols, rows, 2.0, view.shape):
        return None
    step = np.diff(bundle.paths, axis=2)
    length = np.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1] + step[:, 2] * step[:, 2])
    count = max(1, int(float((length * scale[:, 1:]).max()) / _STEP) + 1)
    t = ((np.arange(count) + 0.5) / count)[None, None, :]
    col, row, local, half = (
        (v[:, :-1, None] * (1.0 - t) + v[:, 1:, None] * t).reshape(len(v), -1) for v in (cols, rows, scale, bundle.half)
    )
    across, down = np.repeat(np.diff(cols, axis=1), count, axis=1), np.repeat(np.diff(rows, axis=1), count, axis=1)
    norm = np.sqrt(across * across + down * down) + 1e-9
    wide = half * local
    s = _middles(max(2, int(2.0 * float(wide.max()) / _STEP) + 1))[None, None, :]
    mass = np.sqrt(1.0 - s * s) * (wide * wide * np.repeat(length, count, axis=1) * (4.0 * amount / count / s.size))[:, :, None]
    col = col[:, :, None] - s * (wide * down / norm)[:, :, None]
    row = row[:, :, None] + s * (wide * across / norm)[:, :, None]
    return col.ravel(), row.ravel(), mass.ravel()


def _middles(count: int) -> Floats:
    """Return the middles of ``count`` equal parts of (-1, 1)."""
    return (np.arange(count) + 0.5) * (2.0 / count) - 1.0


def _tangents(cols: Floats, rows: Floats, scale: Floats, along: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a path's unit direction on the detector, and the share of it that runs along the beam."""
    across, down, length = _slopes(cols), _slopes(rows), _slopes(along)
    flat = np.sqrt(across * across + down * down) + 1e-6
    seen = np.minimum(flat / (length * scale), 1.0)
    return across / flat, down / flat, np.sqrt(1.0 - seen * seen)


def _slopes(values: Floats) -> Floats:
    """Return the central differences of ``values``."""
    wide = np.concatenate([[2.0 * values[0] - values[1]], values, [2.0 * values[-1] - values[-2]]])
    return wide[2:] - wide[:-2]


def _section(tube: Tube, view: View, across: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Return the half width that a tube's section shows along the normal (across, down), and its half depth, in mm."""
    lean = across * (view.direction[0] * tube.flat[0] + view.direction[1] * tube.flat[2]) + down * tube.flat[1]
    share = np.minimum(lean * lean, 1.0)
    a, b = tube.half
    half = np.sqrt(a * a * share + b * b * (1.0 - share))
    return half, a * b / half


def _profile(tube: Tube, s: Floats, half: Floats, depth: Floats) -> Floats:
    """Return density times chord in mm at the places ``s`` in (-1, 1) across a tube."""
    whole = 2.0 * depth * np.sqrt(1.0 - s * s)
    if tube.wall <= 0.0:
        return whole * tube.amount
    rest = np.maximum(half - tube.wall, 0.05 * half)
    inner_s = s * half / rest
    core = 2.0 * np.maximum(depth - tube.wall, 0.05 * depth) * np.sqrt(np.maximum(1.0 - inner_s * inner_s, 0.0))
    return core * tube.amount + (whole - core) * tube.wall_amount


def sheet_pieces(sheet: Sheet, view: View, amount: float) -> tuple[Floats, Floats, Floats] | None:
    """Return columns, rows and masses of the pieces of ``sheet``; None where it is off the image."""
    cols, rows, scale = view.place(sheet.grid)
    if _outside(cols, rows, 2.0, view.shape):
        return None
    local = float(scale.max())
    sizes = [_longest(sheet.grid, axis) * local for axis in (1, 2)]
    counts = [max(2, int(size / _STEP) + 2) for size in sizes]
    fine = _refine(_refine(sheet.grid, counts[0], 1), counts[1], 2)
    col, row, at = view.place(0.25 * (fine[:, 1:, 1:] + fine[:, :-1, 1:] + fine[:, 1:, :-1] + fine[:, :-1, :-1]))
    one, two = np.diff(fine, axis=1)[:, :, 1:], np.diff(fine, axis=2)[:, 1:, :]
    x, y, z = (one[i] * two[j] - one[j] * two[i] for i, j in ((1, 2), (2, 0), (0, 1)))
    mass = np.sqrt(x * x + y * y + z * z) * at * at * (sheet.thickness * amount)
    return col.ravel(), row.ravel(), mass.ravel()


def _longest(grid: Floats, axis: int) -> float:
    """Return the length in mm of the longest line of ``grid`` along ``axis``."""
    step = np.diff(grid, axis=axis)
    length = np.sqrt(step[0] * step[0] + step[1] * step[1] + step[2] * step[2])
    return float(np.cumsum(length, axis=axis - 1).max())


def _refine(grid: Floats, count: int, axis: int) -> Floats:
    """Return ``grid`` resampled to ``count`` points along ``axis``, linearly."""
    at = np.arange(count) * ((grid.shape[axis] - 1) / (count - 1))
    low = np.minimum(at.astype(np.int64), grid.shape[axis] - 2)
    part = (at - low).reshape((-1, 1) if axis == 1 else (1, -1))
    return np.take(grid, low, axis=axis) * (1.0 - part) + np.take(grid, low + 1, axis=axis) * part


def _outside(cols: Floats, rows: Floats, reach: float, shape: tuple[int, int]) -> bool:
    """Say whether nothing of the points comes within ``reach`` pixels of the image."""
    return bool(
        cols.max() < -reach or cols.min() > shape[1] + reach or rows.max() < -reach or rows.min() > shape[0] + reach
    )


def splat(pieces: tuple[Floats, Floats, Floats], image: Floats) -> None:
    """Add masses at fractional columns and rows to ``image`` (H, W) in place, shared among the four neighbours."""
    height, width = image.shape
    flat = image.reshape(-1)
    for start in range(0, pieces[0].size, _CHUNK):
        cols, rows, mass = (part[start : start + _CHUNK] for part in pieces)
        keep = (cols > 0.0) & (cols < width - 1) & (rows > 0.0) & (rows < height - 1)
        if not keep.all():
            cols, rows, mass = cols[keep], rows[keep], mass[keep]
        col, row = cols.astype(np.int64), rows.astype(np.int64)
        right, below = cols - col, rows - row
        at = row * width + col
        lower = mass * below
        upper = mass - lower
        lower_right, upper_right = lower * right, upper * right
        np.add.at(flat, at, upper - upper_right)
        np.add.at(flat, at + 1, upper_right)
        np.add.at(flat, at + width, lower - lower_right)
        np.add.at(flat, at + (width + 1), lower_right)
