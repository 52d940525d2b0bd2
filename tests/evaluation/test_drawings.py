"""Where things are drawn."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from PIL import Image

from dicom_router.labels import CLASSES
from dicom_router.report.charts import pr_chart, roc_chart
from dicom_router.report.forest import forest, score_axis
from dicom_router.report.geometry import Axis, floor_of, frame, round_step
from dicom_router.report.thumbnails import SIZE, png_data_uri


def test_an_axis_runs_from_start_to_end() -> None:
    axis = Axis(0.5, 1.0, 10, 110)
    assert [axis.at(value) for value in (0.5, 0.75, 1.0, 0.2, 3.0)] == [10, 60, 110, 10, 110]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, (0, 0.25, 0.5, 0.75, 1)), (0.9, 1, (0.9, 0.925, 0.95, 0.975, 1)), (1, 16, (5, 10, 15))],
)
def test_ticks_are_round_figures(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert Axis(low, high, 0, 1).ticks == ticks


@example_settings(deadline=None)
@given(st.floats(1e-6, 1e6))
def test_a_round_step_is_near_above_the_step(step: float) -> None:
    assert step * (1 - 1e-9) <= round_step(step) <= 2.51 * step


@pytest.mark.parametrize(
    ("values", "floor"), [((), 0.9), ((0.99,), 0.9), ((0.83,), 0.8), ((0.8,), 0.75), ((0.0,), 0.0)]
)
def test_an_axis_begins_under_its_figures(values: tuple[float, ...], floor: float) -> None:
    assert floor_of(values) == floor


def test_y_grows_upwards() -> None:
    drawing = frame((0, 1), (0, 1))
    assert drawing.y.at(1) < drawing.y.at(0)
    assert drawing.points((0,), (1,)) == f"{drawing.x.start:g},{drawing.y.end:g}"


def test_a_figure_without_an_interval_is_a_dot_alone() -> None:
    figures = {"test": {"value": 1.0, "low": None, "high": None}, "exact": {"value": 1.0, "low": 0.9, "high": 1.0}}
    dot, whisker = forest(score_axis(figures.values()), figures).marks
    assert (dot.low, whisker.x) == (None, None)
    assert dot.x == whisker.high and whisker.low < whisker.high


def test_an_undefined_figure_is_not_drawn() -> None:
    figures = {"test": {"value": None, "low": None, "high": None}}
    assert forest(score_axis(figures.values()), figures).marks == ()


def areas(name: str) -> dict[str, dict[str, dict[str, float]]]:
    return {each: {name: {"value": 0.99}} for each in CLASSES}


@pytest.mark.parametrize(("best", "low"), [(0.99, 0.95), (0.93, 0.8), (0.5, 0.0)])
def test_curves_that_keep_to_a_corner_are_enlarged(best: float, low: float) -> None:
    roc = pd.DataFrame({"class": "spine", "false_positive_rate": [0, 1 - best, 1], "true_positive_rate": [0, best, 1]})
    pr = pd.DataFrame({"class": "spine", "recall": [0.1, best], "precision": [1, best]})
    first = roc_chart("a", roc, areas("roc_auc"))
    second = pr_chart("b", pr, areas("average_precision"))
    assert first.frame.y.low == second.frame.x.low == pytest.approx(low)
    assert ("Enlarged" in first.note) == (low > 0)


def test_a_thumbnail_shows_its_image() -> None:
    pixels = np.tile(np.linspace(0, 255, 300).astype(np.uint8), (300, 1))
    uri = png_data_uri(pixels)
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,")))))
    assert image.shape == (SIZE, SIZE) and image.dtype == np.uint8
    assert (image[0, 0], image[0, -1]) == (0, 255)
    assert (np.diff(image[0].astype(int)) >= 0).all()
