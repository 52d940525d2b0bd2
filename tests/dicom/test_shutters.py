"""What lies outside a display shutter is black and counts for nothing (PS3.3 C.7.6.11)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom.files import blocks, window, write_film
from pydicom.dataset import Dataset

from dicom_router.dicom.reading import read
from dicom_router.dicom.shutters import open_area

RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterLeftVerticalEdge": 2,
    "ShutterRightVerticalEdge": 4,
    "ShutterUpperHorizontalEdge": 1,
    "ShutterLowerHorizontalEdge": 3,
}
CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [3, 3], "RadiusOfCircularShutter": 1}
POLYGON = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 2, 1, 4, 3, 4, 3, 2]}


def area(shape: tuple[int, int] = (5, 5), aspect: float = 1.0, **attributes: Any) -> list[str] | None:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    mask = open_area(ds, shape, aspect)
    return None if mask is None else ["".join(".#"[cell] for cell in row.astype(int)) for row in mask]


def test_a_rectangle_is_open_from_edge_to_edge() -> None:
    assert area(**RECTANGLE) == [".###.", ".###.", ".###.", ".....", "....."]


def test_a_rectangle_larger_than_the_film_is_cut_off() -> None:
    attributes = {**RECTANGLE, "ShutterLeftVerticalEdge": -7, "ShutterRightVerticalEdge": 99}
    assert area(**attributes) == ["#####", "#####", "#####", ".....", "....."]


def test_a_circle_is_open_within_its_radius() -> None:
    assert area(**CIRCLE) == [".....", "..#..", ".###.", "..#..", "....."]


def test_a_circle_of_absurd_radius_leaves_everything_open(tmp_path: Path) -> None:
    attributes = {**CIRCLE, "RadiusOfCircularShutter": "1e200"}
    film = read(write_film(tmp_path / "film.dcm", blocks([1, 2]), **attributes))
    assert film.valid is not None
    assert film.valid.all()


def test_a_circle_counts_its_radius_along_the_row() -> None:
    # pixels twice as high as wide: a radius of 2 columns is 1 row
    attributes = {**CIRCLE, "RadiusOfCircularShutter": 2}
    assert area(aspect=2.0, **attributes) == [".....", "..#..", "#####", "..#..", "....."]


def test_a_polygon_is_open_within_its_outline() -> None:
    assert area(**POLYGON) == [".###.", ".###.", ".###.", ".....", "....."]


def test_several_shutters_leave_open_what_all_of_them_do() -> None:
    both = {**RECTANGLE, **CIRCLE, "ShutterShape": ["RECTANGULAR", "CIRCULAR"]}
    assert area(**both) == [".....", "..#..", ".###.", ".....", "....."]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"ShutterShape": "BITMAP"},
        {"ShutterShape": "RECTANGULAR"},
        {**RECTANGLE, "ShutterRightVerticalEdge": 1},
        {"ShutterShape": "CIRCULAR", "RadiusOfCircularShutter": 3},
        {**CIRCLE, "CenterOfCircularShutter": [99, 99]},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 2, 3]},
    ],
)
def test_a_shutter_that_is_incomplete_or_leaves_nothing_is_not_believed(attributes: dict[str, Any]) -> None:
    assert area(**attributes) is None


def test_outside_is_black_and_left_out_of_the_percentiles(tmp_path: Path) -> None:
    edges = {"ShutterLeftVerticalEdge": 5, "ShutterRightVerticalEdge": 16}
    attributes = {**RECTANGLE, **edges, "ShutterUpperHorizontalEdge": 1, "ShutterLowerHorizontalEdge": 16}
    film = read(write_film(tmp_path / "film.dcm", blocks([9000, 100, 150, 300]), **attributes))
    assert film.pixels[0, ::4].tolist() == [0.0, 0.0, 0.25, 1.0]
    assert film.valid is not None
    assert film.valid[0, ::4].tolist() == [False, True, True, True]


def test_outside_is_black_after_inversion(tmp_path: Path) -> None:
    attributes = {**CIRCLE, "CenterOfCircularShutter": [8, 8], "RadiusOfCircularShutter": 4}
    film = read(
        write_film(
            tmp_path / "film.dcm", blocks([0, 1]), PhotometricInterpretation="MONOCHROME1", **attributes, **window(0, 1)
        )
    )
    assert film.valid is not None
    assert not film.pixels[~film.valid].any()
    assert np.count_nonzero(film.valid) == 49  # grid points within 4 of a centre
