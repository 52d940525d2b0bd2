"""Separable resampling along one axis: exact area averages when shrinking, linear interpolation when growing."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.grid import Edges

Image = NDArray[np.float32]
Rows = Callable[[int, int], NDArray[np.number[Any]]]
Taps = Iterator[tuple[int, NDArray[np.float32]]]


def resize_image(image: Image, shape: tuple[int, int]) -> Image:
    """Return ``image`` (H, W), whose pixels are all of one size, resampled to ``shape``."""
    edges = (np.arange(image.shape[0] + 1, dtype=np.float64), np.arange(image.shape[1] + 1, dtype=np.float64))
    return resize(lambda start, stop: image[start:stop], edges, shape)


def resize(rows: Rows, edges: tuple[Edges, Edges], shape: tuple[int, int]) -> Image:
    """Return the picture resampled to ``shape``.

    ``rows(start, stop)`` gives (stop - start, W) numbers, asked for from top to bottom and a few at a time, so
    that a large picture need never be there as a whole. ``edges`` bound its rows and columns, in pixels of the film.
    """
    columns = len(edges[1]) - 1
    tall = _resample(rows, columns, edges[0], shape[0])  # the rows first, since they lie together in memory
    turned = np.ascontiguousarray(tall.T)
    return np.ascontiguousarray(_resample(lambda start, stop: turned[start:stop], shape[0], edges[1], shape[1]).T)


def _resample(rows: Rows, width: int, edges: Edges, count: int) -> Image:
    """Return (count, width), each row a weighted sum of neighbouring rows."""
    if count == len(edges) - 1:
        return np.array(rows(0, count), np.float32)
    out = np.empty((count, width), np.float32)
    for target, (start, taps) in enumerate((area_weights if count < len(edges) - 1 else linear_weights)(edges, count)):
        # einsum without BLAS: the same sum in the same order whatever the number of threads
        np.einsum("k,kw->w", taps, rows(start, start + len(taps)), out=out[target], optimize=False)
    return out


def area_weights(edges: Edges, count: int) -> Taps:
    """Yield for each of ``count`` equal outputs the first input and the share of every input that it covers."""
    cuts = np.arange(count + 1) * (edges[-1] / count)
    cuts[-1] = edges[-1]
    first = np.searchsorted(edges, cuts[:-1], side="right") - 1
    stop = np.searchsorted(edges, cuts[1:], side="left")
    inputs = np.minimum(first[:, np.newaxis] + np.arange((stop - first).max()), len(edges) - 2)
    covered = np.minimum(edges[inputs + 1], cuts[1:, np.newaxis]) - np.maximum(edges[inputs], cuts[:-1, np.newaxis])
    covered[np.arange(covered.shape[1]) >= (stop - first)[:, np.newaxis]] = 0
    shares = (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)
    for start, taps, number in zip(first.tolist(), shares, (stop - first).tolist(), strict=True):
        yield start, taps[:number]


def linear_weights(edges: Edges, count: int) -> Taps:
    """Yield for each of ``count`` outputs the two inputs whose centres are nearest, one at the border."""
    size = len(edges) - 1
    for centre in (np.arange(count) + 0.5) * (size / count) - 0.5:
        place = min(max(float(centre), 0.0), size - 1.0)
        start = min(int(place), max(size - 2, 0))
        taps = np.array([1 - (place - start), place - start], np.float32)
        yield start, taps[: size - start]
