"""Windows, VOI LUTs, and what happens where neither is usable (PS3.3 C.11.2)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom.files import shown, window
from pydicom.dataset import Dataset

from dicom_router.dicom.voi import Window, stretch


@pytest.mark.parametrize(
    ("function", "center", "width", "value", "expected"),
    [
        # the examples of PS3.3 C.11.2.1.2.1: c=2048 w=4096 is 0..4095, c=2048 w=1 is a step at 2048
        ("LINEAR", 2048, 4096, 0, 0.0),
        ("LINEAR", 2048, 4096, 4095, 1.0),
        ("LINEAR", 2048, 4096, 2047.5, 0.5),
        ("LINEAR", 2048, 1, 2047, 0.0),
        ("LINEAR", 2048, 1, 2048, 1.0),
        ("LINEAR", 0, 100, -50, 0.0),
        ("LINEAR", 0, 100, 49, 1.0),
        ("LINEAR", 0, 100, -0.5, 0.5),
        # C.11.2.1.3.2: c=2048 w=4096 is 0..4096
        ("LINEAR_EXACT", 2048, 4096, 0, 0.0),
        ("LINEAR_EXACT", 2048, 4096, 4096, 1.0),
        ("LINEAR_EXACT", 2048, 4096, 1024, 0.25),
        ("LINEAR_EXACT", 0.25, 0.5, 0.125, 0.25),
        # C.11.2.1.3.1: 1 / (1 + exp(-4 (x - c) / w))
        ("SIGMOID", 2048, 4096, 2048, 0.5),
        ("SIGMOID", 2048, 4096, 4096, 1 / (1 + np.exp(-2))),
        ("SIGMOID", 100, 50, 50, 1 / (1 + np.exp(4))),
        ("SIGMOID", 0, 1e-6, -1e9, 0.0),
    ],
)
def test_window_functions_follow_their_formulas(
    function: str, center: float, width: float, value: float, expected: float
) -> None:
    assert Window(center, width, function).apply(np.array([value]))[0] == pytest.approx(expected, abs=1e-12)


def test_greys_are_scaled_by_the_window_and_not_by_the_image(tmp_path: Path) -> None:
    assert shown(tmp_path, [250, 500, 750], **window(0, 1000)) == [0.25, 0.5, 0.75]


@pytest.mark.parametrize("function", [None, "", "LINEAR", "SOMETHING"])
def test_a_window_without_a_known_function_is_linear(tmp_path: Path, function: str | None) -> None:
    # c - 0.5 = 100, w - 1 = 200
    attributes = {"WindowCenter": 100.5, "WindowWidth": 201, "VOILUTFunction": function}
    assert shown(tmp_path, [0, 50, 100, 200], **attributes) == [0.0, 0.25, 0.5, 1.0]


def test_the_first_of_several_windows_is_used(tmp_path: Path) -> None:
    attributes = {"WindowCenter": [50, 5000], "WindowWidth": [100, 9], "VOILUTFunction": "LINEAR_EXACT"}
    assert shown(tmp_path, [0, 25, 50, 100], **attributes) == [0.0, 0.25, 0.5, 1.0]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"WindowCenter": "", "WindowWidth": ""},
        {"WindowCenter": 50},
        {"WindowWidth": 100},
        {"WindowCenter": 50, "WindowWidth": 0},
        {"WindowCenter": 50, "WindowWidth": -100},
        {"WindowCenter": 50, "WindowWidth": 0.5},
        {"WindowCenter": 5000, "WindowWidth": 100},  # misses the data above
        {"WindowCenter": -5000, "WindowWidth": 100},  # and below
        {"WindowCenter": 32768, "WindowWidth": 65536},  # so wide that the film is black
    ],
)
def test_without_a_usable_window_percentiles_decide(tmp_path: Path, attributes: dict[str, Any]) -> None:
    assert shown(tmp_path, [100, 150, 200, 300], **attributes) == [0.0, 0.25, 0.5, 1.0]


def test_percentiles_leave_padding_out(tmp_path: Path) -> None:
    assert shown(tmp_path, [0, 100, 150, 300], PixelPaddingValue=0) == [0.0, 0.0, 0.25, 1.0]


def test_percentiles_ignore_a_few_outliers() -> None:
    values = np.array([0.0, 100.0, 200.0, 60000.0])
    greys = stretch(values, np.array([1, 4000, 4000, 1]))
    assert greys.tolist() == [0.0, 0.0, 1.0, 1.0]


def test_a_window_is_believed_for_a_uniform_film_too(tmp_path: Path) -> None:
    assert shown(tmp_path, [50], **window(0, 200)) == [0.25]


def lut(descriptor: list[int], data: object, vr: str = "OW") -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", descriptor)
    item.add_new(0x00283006, vr, data)
    return item


def test_the_voi_lut_is_used_before_the_window(tmp_path: Path) -> None:
    table = np.array([0, 51, 102, 255], "<u2")
    attributes = {"VOILUTSequence": [lut([4, 10, 8], table.tobytes())], **window(0, 1)}
    assert shown(tmp_path, [9, 10, 11, 12, 13, 14], **attributes) == [0.0, 0.0, 0.2, 0.4, 1.0, 1.0]


def test_the_first_of_several_voi_luts_is_used(tmp_path: Path) -> None:
    first, second = (lut([2, 0, 8], np.array(table, "<u2").tobytes()) for table in ([0, 255], [255, 0]))
    assert shown(tmp_path, [0, 1], VOILUTSequence=[first, second]) == [0.0, 1.0]


def test_a_voi_lut_follows_the_rescaling(tmp_path: Path) -> None:
    table = lut([3, 10, 8], np.array([0, 51, 255], "<u2").tobytes())
    attributes = {"VOILUTSequence": [table], "RescaleSlope": 2, "RescaleIntercept": 8}
    assert shown(tmp_path, [1, 2], **attributes) == [0.0, 1.0]


def test_a_damaged_voi_lut_gives_way_to_the_window(tmp_path: Path) -> None:
    attributes = {"VOILUTSequence": [lut([4, 0, 8], b"")], **window(0, 4)}
    assert shown(tmp_path, [0, 1, 2, 4], **attributes) == [0.0, 0.25, 0.5, 1.0]


def test_a_voi_lut_beside_the_data_gives_way_to_the_window(tmp_path: Path) -> None:
    table = lut([4, 50000, 8], np.array([0, 51, 102, 255], "<u2").tobytes())
    assert shown(tmp_path, [0, 1, 2, 4], VOILUTSequence=[table], **window(0, 4)) == [0.0, 0.25, 0.5, 1.0]
