"""Tubes and sheets, cut into pieces of less than a pixel that are dropped on the detector with their mass.

What is seen edge-on turns dense by itself, as on a real film.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dicom_router.sample.dice import Dice
from dicom_router.sample.exact import Floats
from dicom_router.sample.shapes import Bundle, Sheet, Tube
from dicom_router.sample.view import View

Pieces = tuple[Floats, Floats, Floats]  # columns, rows, masses

_STEP: Final = 0.9  # pixels between two pieces
_CHUNK: Final = 16384  # pieces dropped at a time: they stay in the processor's cache
_STEEP: Final = 0.6  # from this share of a path along the beam on, a tube's section shows as a disc and not as a line
_GRAIN: Final = 0.22  # how much spongy bone varies


@dataclass(frozen=True)
class _Course:
    """A tube's path on the detector, cut into steps; arrays are of shape (n,)."""

    step: float  # millimetres of the path
    col: Floats
    row: Floats
    scale: Floats  # pixels per millimetre
    taper: Floats
    dense: Floats
    across: Floats  # direction on the detector, a unit vector
    down: Floats
    steep: Floats  # share of the path that runs along the beam


def tube_pieces(tube: Tube, view: View, weight: float, grain: Dice) -> Pieces | None:
    """Return the pieces of ``tube``; None where it is off the image."""
    course = _course(tube, view)
    if course is None or not course.col.size:
        return None
    half, depth = _section(tube, view, -course.down, course.across)
    half, depth = half * course.taper, depth * course.taper
    wide = half * course.scale
    s = _middles(max(2, int(2.0 * float(wide.max()) / _STEP) + 1))[None, :]
    share = (course.step * weight * 2.0 / s.size) * course.scale * wide * course.dense
    mass = _profile(tube, s, half[:, None], depth[:, None]) * share[:, None]
    if tube.material == "bone" and tube.wall > 0.0:
        mass = mass * (1.0 + _GRAIN * grain.normals(*mass.shape))
    cols = course.col[:, None] - s * (wide * course.down)[:, None]
    rows = course.row[:, None] + s * (wide * course.across)[:, None]
    return _as_discs(course, s, depth * course.scale * course.steep, (cols, rows, mass))


def _course(tube: Tube, view: View) -> _Course | None:
    """Return the steps of a tube's path that come near the image; None where none does."""
    cols, rows, scale = view.place(tube.path)
    reach = float(scale.max()) * max(tube.half) * 1.5 + 2.0
    if _outside(cols, rows, reach, view.shape):
        return None
    along = np.concatenate([[0.0], np.cumsum(_lengths(np.diff(tube.path, axis=1)))])
    count = max(2, int(along[-1] * float(scale.max()) / _STEP) + 1)
    at = (np.arange(count) + 0.5) * (along[-1] / count)
    ones = np.ones_like(along)
    taper = ones if tube.taper is None else tube.taper
    dense = ones if tube.dense is None else tube.dense
    table = _between(np.stack([cols, rows, scale, taper, dense, *_tangents(cols, rows, scale, along)]), along, at)
    col, row = table[0], table[1]
    near = (col > -reach) & (col < view.shape[1] + reach) & (row > -reach) & (row < view.shape[0] + reach)
    course: list[Floats] = list(table[:, near])
    return _Course(float(along[-1]) / count, *course)


def _as_discs(course: _Course, s: Floats, lean: Floats, pieces: Pieces) -> Pieces:
    """Return ``pieces`` of shape (n, m), with those of steep steps spread over the disc that the section shows as."""
    steep = (course.steep > _STEEP) & (lean > 1.0)
    cols, rows, mass = pieces
    if not steep.any():
        return cols.ravel(), rows.ravel(), mass.ravel()
    disc = np.sqrt(1.0 - s * s) * lean[steep, None]
    t = _middles(min(24, int(1.5 * float(lean[steep].max())) + 1)).reshape(-1, 1, 1)
    spread = (
        cols[steep] + t * (disc * course.across[steep, None]),
        rows[steep] + t * (disc * course.down[steep, None]),
        np.broadcast_to(mass[steep] / t.size, (t.size, *disc.shape)),
    )
    col, row, part = (
        np.concatenate([one.ravel(), other[~steep].ravel()]) for one, other in zip(spread, pieces, strict=True)
    )
    return col, row, part


def bundle_pieces(bundle: Bundle, view: View, amount: float) -> Pieces | None:
    """Return the pieces of all tubes of ``bundle``; None where they are off the image."""
    cols, rows, scale = view.place(np.moveaxis(bundle.paths, 1, 0))
    if not cols.size or _outside(cols, rows, 2.0, view.shape):
        return None
    length = _lengths(np.moveaxis(np.diff(bundle.paths, axis=2), 1, 0))
    count = max(1, int(float((length * scale[:, 1:]).max()) / _STEP) + 1)
    t = ((np.arange(count) + 0.5) / count)[None, None, :]
    col, row, local, half = (
        (v[:, :-1, None] * (1.0 - t) + v[:, 1:, None] * t).reshape(len(v), -1) for v in (cols, rows, scale, bundle.half)
    )
    across, down = np.repeat(np.diff(cols, axis=1), count, axis=1), np.repeat(np.diff(rows, axis=1), count, axis=1)
    norm = np.sqrt(across * across + down * down) + 1e-9
    wide = half * local
    s = _middles(max(2, int(2.0 * float(wide.max()) / _STEP) + 1))[None, None, :]
    area = wide * wide * np.repeat(length, count, axis=1) * (4.0 * amount / count / s.size)
    mass = np.sqrt(1.0 - s * s) * area[:, :, None]
    col = col[:, :, None] - s * (wide * down / norm)[:, :, None]
    row = row[:, :, None] + s * (wide * across / norm)[:, :, None]
    return col.ravel(), row.ravel(), mass.ravel()


def sheet_pieces(sheet: Sheet, view: View, amount: float) -> Pieces | None:
    """Return the pieces of ``sheet``; None where it is off the image."""
    cols, rows, scale = view.place(sheet.grid)
    if _outside(cols, rows, 2.0, view.shape):
        return None
    local = float(scale.max())
    sizes = [_longest(sheet.grid, axis) * local for axis in (1, 2)]
    counts = [max(2, int(size / _STEP) + 2) for size in sizes]
    fine = _refine(_refine(sheet.grid, counts[0], 1), counts[1], 2)
    col, row, at = view.place(0.25 * (fine[:, 1:, 1:] + fine[:, :-1, 1:] + fine[:, 1:, :-1] + fine[:, :-1, :-1]))
    one, two = np.diff(fine, axis=1)[:, :, 1:], np.diff(fine, axis=2)[:, 1:, :]
    normal = np.stack([one[i] * two[j] - one[j] * two[i] for i, j in ((1, 2), (2, 0), (0, 1))])
    mass = _lengths(normal) * at * at * (sheet.thickness * amount)
    return col.ravel(), row.ravel(), mass.ravel()


def _longest(grid: Floats, axis: int) -> float:
    """Return the length in mm of the longest line of ``grid`` along ``axis``."""
    return float(np.cumsum(_lengths(np.diff(grid, axis=axis)), axis=axis - 1).max())


def _refine(grid: Floats, count: int, axis: int) -> Floats:
    """Return ``grid`` resampled to ``count`` points along ``axis``, linearly."""
    at = np.arange(count) * ((grid.shape[axis] - 1) / (count - 1))
    low = np.minimum(at.astype(np.int64), grid.shape[axis] - 2)
    part = (at - low).reshape((-1, 1) if axis == 1 else (1, -1))
    return np.asarray(np.take(grid, low, axis=axis) * (1.0 - part) + np.take(grid, low + 1, axis=axis) * part)


def splat(pieces: Pieces, image: Floats) -> None:
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


def _tangents(cols: Floats, rows: Floats, scale: Floats, along: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a path's unit direction on the detector, and the share of it that runs along the beam."""
    across, down, length = _slopes(cols), _slopes(rows), _slopes(along)
    flat = np.sqrt(across * across + down * down) + 1e-6
    seen = np.minimum(flat / (length * scale), 1.0)
    return across / flat, down / flat, np.sqrt(1.0 - seen * seen)


def _slopes(values: Floats) -> Floats:
    """Return the central differences of ``values``."""
    wide = np.concatenate([[2.0 * values[0] - values[1]], values, [2.0 * values[-1] - values[-2]]])
    return np.asarray(wide[2:] - wide[:-2])


def _between(table: Floats, along: Floats, at: Floats) -> Floats:
    """Return the rows of ``table``, known at ``along``, interpolated linearly to the places ``at``."""
    high = np.minimum(np.searchsorted(along, at), along.size - 1)
    low = np.maximum(high - 1, 0)
    part = (at - along[low]) / np.maximum(along[high] - along[low], 1e-9)
    return np.asarray(table[:, low] * (1.0 - part) + table[:, high] * part)


def _middles(count: int) -> Floats:
    """Return the middles of ``count`` equal parts of (-1, 1)."""
    return (np.arange(count, dtype=np.float64) + 0.5) * (2.0 / count) - 1.0


def _lengths(vectors: Floats) -> Floats:
    """Return the lengths of ``vectors`` of shape (3, …)."""
    return np.asarray(np.sqrt(vectors[0] * vectors[0] + vectors[1] * vectors[1] + vectors[2] * vectors[2]))


def _outside(cols: Floats, rows: Floats, reach: float, shape: tuple[int, int]) -> bool:
    """Say whether nothing of the points comes within ``reach`` pixels of the image."""
    return bool(
        cols.max() < -reach or cols.min() > shape[1] + reach or rows.max() < -reach or rows.min() > shape[0] + reach
    )
