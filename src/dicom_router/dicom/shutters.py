"""Display shutters: what lies outside is no part of the picture (PS3.3 C.7.6.11). Rows and columns count from 1."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import number, numbers, texts

Mask = NDArray[np.bool_]


def open_area(ds: Dataset, shape: tuple[int, int], pixel_aspect: float) -> Mask | None:
    """Return the (H, W) mask of what all shutters leave open; None without one.

    A shutter that is incomplete, or that leaves nothing open, is not believed.
    """
    area: Mask | None = None
    for name in texts(ds, "ShutterShape"):
        draw = SHAPES.get(name.upper())
        drawn = None if draw is None else draw(ds, shape, pixel_aspect)
        if drawn is not None and drawn.any():
            area = drawn if area is None else area & drawn
    return area if area is not None and area.any() else None


def _rectangle(ds: Dataset, shape: tuple[int, int], _: float) -> Mask | None:
    """Open from edge to edge, the edges included."""
    keywords = ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")
    edges = [number(ds, f"Shutter{keyword}Edge") for keyword in keywords]
    if any(edge is None for edge in edges):
        return None
    upper, lower, left, right = (int(edge or 0) for edge in edges)
    area = np.zeros(shape, np.bool_)
    area[max(upper - 1, 0) : max(lower, 0), max(left - 1, 0) : max(right, 0)] = True
    return area


def _circle(ds: Dataset, shape: tuple[int, int], pixel_aspect: float) -> Mask | None:
    """Open within the radius, which counts pixels along a row."""
    centre, radius = numbers(ds, "CenterOfCircularShutter"), number(ds, "RadiusOfCircularShutter")
    if len(centre) != 2 or radius is None:
        return None
    rows = (np.arange(1, shape[0] + 1)[:, None] - centre[0]) * pixel_aspect
    columns = np.arange(1, shape[1] + 1)[None, :] - centre[1]
    inside: Mask = rows**2 + columns**2 <= np.square(radius)  # ** would raise for an absurd radius
    return inside


def _polygon(ds: Dataset, shape: tuple[int, int], _: float) -> Mask | None:
    """Open within the polygon of (row, column) vertices, its outline included."""
    vertices = numbers(ds, "VerticesOfThePolygonalShutter")
    if len(vertices) < 6 or len(vertices) % 2:
        return None
    points = [(column - 1, row - 1) for row, column in zip(vertices[::2], vertices[1::2], strict=True)]
    canvas = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(canvas).polygon(points, fill=1, outline=1)
    return np.array(canvas, np.bool_)


SHAPES: Final[dict[str, Callable[[Dataset, tuple[int, int], float], Mask | None]]] = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
}
