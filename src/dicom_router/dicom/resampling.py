"""Separable resampling along one axis: exact area averages when shrinking, linear interpolation when growing."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def resize(image: Image, shape: tuple[int, int]) -> Image:
    """Return ``image`` (H, W) resampled to ``shape``; the rows first, since they lie together in memory."""
    rows = _resample_rows(image, shape[0])
    return np.ascontiguousarray(_resample_rows(np.ascontiguousarray(rows.T), shape[1]).T)


def _resample_rows(image: Image, count: int) -> Image:
    """Return ``count`` rows, each a weighted sum of neighbouring rows of ``image``."""
    if count == image.shape[0]:
        return image
    out = np.empty((count, image.shape[1]), np.float32)
    weights = area_weights if count < image.shape[0] else linear_weights
    for target, (start, taps) in enumerate(weights(image.shape[0], count)):
        # einsum without BLAS: the same sum in the same order whatever the number of threads
        np.einsum("k,kw->w", taps, image[start : start + len(taps)], out=out[target], optimize=False)
    return out


def area_weights(size: int, count: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield for each of ``count`` outputs its first input and the share of every input that it covers."""
    edges = np.arange(count + 1) * (size / count)
    edges[-1] = size
    for low, high in pairwise(edges):
        start, stop = int(np.floor(low)), min(int(np.ceil(high)), size)
        inputs = np.arange(start, stop)
        covered = np.minimum(inputs + 1, high) - np.maximum(inputs, low)
        yield start, (covered / covered.sum()).astype(np.float32)


def linear_weights(size: int, count: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield for each of ``count`` outputs the two inputs whose centres are nearest, one at the border."""
    for centre in (np.arange(count) + 0.5) * (size / count) - 0.5:
        place = min(max(float(centre), 0.0), size - 1.0)
        start = min(int(place), max(size - 2, 0))
        taps = np.array([1 - (place - start), place - start], np.float32)
        yield start, taps[: size - start]
