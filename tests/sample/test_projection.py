"""Line integrals against what geometry says."""

import math

import numpy as np
import pytest

from dicom_router.sample.chords import chord
from dicom_router.sample.dice import Dice
from dicom_router.sample.projection import Canvas
from dicom_router.sample.shapes import Cavity, Ellipsoid, Flesh, Shape, Sheet, Stack, Tube, ball, line, stack, tilted
from dicom_router.sample.view import View

FAR = 1e9  # the source, so far that the beam is parallel


def _view(turn: float = 0.0) -> View:
    return View(turn, (0.0, 0.0), 1.0, (101, 101), FAR)


def _drawn(shape: Shape, turn: float = 0.0) -> np.ndarray:
    canvas = Canvas(_view(turn), {"soft": 1.0, "bone": 1.0, "metal": 1.0}, Dice(1, 1, 1, 1))
    canvas.draw([shape])
    return canvas.finish()


@pytest.mark.parametrize("turn", [0.0, 0.5 * math.pi, 0.4])
def test_ray_through_the_middle_of_a_ball_is_as_long_as_the_ball(turn: float) -> None:
    assert _drawn(ball((0.0, 0.0, 0.0), (20.0, 20.0, 20.0), 1.0), turn)[50, 50] == pytest.approx(40.0, rel=1e-5)


@pytest.mark.parametrize("lean", [(0.0, 0.0), (0.5, 0.2), (-0.3, 0.7)])
@pytest.mark.parametrize("turn", [0.0, 0.8, 0.5 * math.pi])
def test_ellipsoid_keeps_its_volume_from_every_side(turn: float, lean: tuple[float, float]) -> None:
    seen = _drawn(tilted((3.0, -2.0, 4.0), (12.0, 20.0, 9.0), lean, 1.0), turn)
    assert seen.sum() == pytest.approx(4.0 / 3.0 * math.pi * 12.0 * 20.0 * 9.0, rel=0.01)


@pytest.mark.parametrize("turn", [0.0, 1.0, 0.5 * math.pi])
def test_tube_keeps_its_volume_from_every_side_also_end_on(turn: float) -> None:
    tube = Tube(line((-20.0, 0.0, 0.0), (20.0, 0.0, 0.0), steps=8), (5.0, 5.0), 1.0)
    assert _drawn(tube, turn).sum() == pytest.approx(math.pi * 25.0 * 40.0, rel=0.03)


def test_wall_of_a_tube_is_densest_at_its_edges() -> None:
    tube = Tube(line((0.0, -40.0, 0.0), (0.0, 40.0, 0.0), steps=8), (15.0, 15.0), 0.0, wall=2.0, wall_amount=1.0)
    row = _drawn(tube)[50]
    assert row[50 - 14] > 2.0 * row[50]


@pytest.mark.parametrize(("turn", "thickness"), [(0.0, 2.0), (math.pi / 3.0, 4.0)])
def test_sheet_turns_denser_as_it_is_seen_edge_on(turn: float, thickness: float) -> None:
    corners = np.asarray([[[-30, 30], [-30, 30]], [[-30, -30], [30, 30]], [[0, 0], [0, 0]]], dtype=np.float64)
    assert _drawn(Sheet(corners, 2.0, 1.0, "soft"), turn)[45:55, 48:53].mean() == pytest.approx(thickness, rel=0.05)


def test_stack_of_equal_ellipses_shows_their_chord() -> None:
    column = Stack(*(np.asarray(v, dtype=np.float64) for v in ([-40, 40], [0, 0], [0, 0], [10, 10], [30, 30])), 1.0)
    assert _drawn(column)[50, 50] == pytest.approx(60.0, rel=1e-3)
    assert _drawn(column, 0.5 * math.pi)[50, 50] == pytest.approx(20.0, rel=1e-3)


def test_cavity_holds_no_air_where_it_is_filled() -> None:
    hull = stack([(-40.0, 0.0, 0.0, 30.0, 30.0), (40.0, 0.0, 0.0, 30.0, 30.0)], 1.0)
    seen = _drawn(Cavity(hull, ((ball((0.0, 0.0, 0.0), (10.0, 10.0, 30.0), 1.0),),), -1.0))
    assert seen[50, 50] == pytest.approx(0.0, abs=1e-4)
    assert seen[50, 70] < -30.0


def test_bodies_grown_together_are_not_counted_twice() -> None:
    one = ball((0.0, 0.0, 0.0), (20.0, 20.0, 20.0), 1.0)
    assert _drawn(Flesh(((one,), (one,)), 1.0))[50, 50] == pytest.approx(40.0, rel=1e-5)


def test_shape_beside_the_image_is_not_drawn() -> None:
    assert chord(ball((500.0, 0.0, 0.0), (20.0, 20.0, 20.0), 1.0), _view()) is None
    assert not _drawn(Tube(line((500.0, 0.0, 0.0), (520.0, 0.0, 0.0)), (5.0, 5.0), 1.0)).any()


def test_what_is_nearer_to_the_source_looks_larger() -> None:
    view = View(0.0, (0.0, 0.0), 1.0, (101, 101), 1000.0)
    near, far = (chord(Ellipsoid((0.0, 0.0, z), *_AXES), view) for z in (200.0, -200.0))
    assert near is not None
    assert far is not None
    assert near.values.size > far.values.size


_AXES = (((20.0, 0.0, 0.0), (0.0, 20.0, 0.0), (0.0, 0.0, 20.0)), 1.0)
