"""How alike two films are once one is shifted and stretched a little: a crop or a border does that to a film.

Gauss-Newton steps towards the highest correlation over four parameters, a shift and a stretch along each axis
(Evangelidis and Psarakis, *Parametric image alignment using enhanced correlation coefficient
maximization*, 2008), for many small pairs at once.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STEPS: Final = 5
REACH: Final = 0.06  # of a side: as far as a border may move
DAMPING: Final = np.float32(1e-4)

Images = NDArray[np.float32]  # (N, S, S)
Values = NDArray[np.float32]  # (N,)


def standardised(images: NDArray[np.int8] | Images) -> Images:
    """Return ``images`` with mean 0 and length 1, so that a sum of products is a correlation; a constant one gets 0."""
    values = images.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    lengths = np.sqrt(np.einsum("nij,nij->n", values, values))
    return np.asarray(values / np.maximum(lengths, np.float32(1e-6))[:, None, None], np.float32)


def correlations(some: Images, others: Images) -> Values:
    """Return Pearson's correlation of each of ``some`` with its counterpart, both standardised."""
    return np.asarray(np.einsum("nij,nij->n", some, others), np.float32)


def aligned_correlations(some: Images, others: Images) -> Values:
    """Return the highest correlation found while one of each pair, standardised, is moved onto the other.

    Its sign is that of the correlation in place. Either film may be the cropped one, so both are moved in turn.
    """
    in_place = correlations(some, others)
    sign = np.where(in_place < 0, np.float32(-1), np.float32(1))
    turned = others * sign[:, None, None]
    return np.asarray(sign * np.maximum(_moved_onto(some, turned), _moved_onto(turned, some)), np.float32)


def _moved_onto(moving: Images, fixed: Images) -> Values:
    """Return the highest correlation of ``moving`` with ``fixed`` on the way."""
    count, side = moving.shape[:2]
    across = ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)  # -1 to 1
    move = np.zeros((count, 4), np.float32)  # in pixels: shift and stretch down, shift and stretch to the right
    best = np.full(count, -1, np.float32)
    for _ in range(STEPS):
        seen = _resampled(moving, move, across)
        best = np.maximum(best, correlations(seen, fixed))
        move = np.clip(move + _step(seen, fixed, across), -REACH * side, REACH * side)
    return np.maximum(best, correlations(_resampled(moving, move, across), fixed))


def _resampled(images: Images, move: Images, across: Values) -> Images:
    """Return each of ``images`` as ``move`` shows it, standardised; the border goes on outside."""
    places = np.arange(images.shape[1], dtype=np.float32)
    down = _interpolation(places + move[:, 0:1] + move[:, 1:2] * across)
    right = _interpolation(places + move[:, 2:3] + move[:, 3:4] * across)
    return standardised(np.asarray(down @ images @ right.transpose(0, 2, 1), np.float32))


def _interpolation(places: NDArray[np.float32]) -> Images:
    """Return the matrices that read an axis at ``places``, `(N, S)`, linearly between pixels: `(N, S, S)`."""
    side = places.shape[1]
    distance = np.abs(np.clip(places, 0, side - 1)[:, :, None] - np.arange(side, dtype=np.float32))
    return np.asarray(np.maximum(np.float32(0), 1 - distance), np.float32)


def _step(seen: Images, fixed: Images, across: Values) -> NDArray[np.float32]:
    """Return the Gauss-Newton step of the four parameters, `(N, 4)`."""
    count = len(seen)
    down, right = np.gradient(seen, axis=1), np.gradient(seen, axis=2)
    slopes = np.stack([down, down * across[:, None], right, right * across], axis=1).reshape(count, 4, -1)
    flat = seen.reshape(count, 1, -1)
    slopes -= (slopes @ flat.transpose(0, 2, 1)) * flat  # a change of brightness is no movement
    residual = (fixed - seen).reshape(count, -1, 1)
    curvature = slopes @ slopes.transpose(0, 2, 1) + DAMPING * np.eye(4, dtype=np.float32)
    return np.asarray(np.linalg.solve(curvature, slopes @ residual)[..., 0], np.float32)
