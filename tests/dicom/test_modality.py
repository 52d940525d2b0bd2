"""Stored values to the modality's values."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom.files import shown, window
from pydicom.dataset import Dataset


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"RescaleSlope": 2, "RescaleIntercept": -100}, [0.0, 0.5, 1.0]),  # 50, 100, 150 become 0, 100, 200
        ({"RescaleSlope": 1, "RescaleIntercept": 0}, [0.25, 0.5, 0.75]),
        ({"RescaleSlope": 0, "RescaleIntercept": 0}, [0.25, 0.5, 0.75]),
        ({"RescaleIntercept": 50}, [0.5, 0.75, 1.0]),
        ({"RescaleSlope": -1, "RescaleIntercept": 200}, [0.75, 0.5, 0.25]),
        ({"RescaleSlope": "", "RescaleIntercept": ""}, [0.25, 0.5, 0.75]),
        ({"RescaleSlope": "1e308", "RescaleIntercept": 0}, [0.25, 0.5, 0.75]),
        ({"RescaleSlope": 1, "RescaleIntercept": "-1e308"}, [0.25, 0.5, 0.75]),
        ({"RescaleSlope": "1e-9", "RescaleIntercept": "1e12"}, [0.25, 0.5, 0.75]),
    ],
)
def test_rescaling_comes_before_the_window(tmp_path: Path, attributes: dict[str, Any], expected: list[float]) -> None:
    assert shown(tmp_path, [50, 100, 150], **attributes, **window(0, 200)) == expected


def test_a_modality_lut_replaces_the_rescaling(tmp_path: Path) -> None:
    item = Dataset()
    item.LUTDescriptor = [3, 50, 16]
    item.LUTData = np.array([0, 100, 400], "<u2").tobytes()
    item["LUTData"].VR = "OW"
    attributes = {"ModalityLUTSequence": [item], "RescaleSlope": 7}
    assert shown(tmp_path, [50, 51, 52], **attributes, **window(0, 400)) == [0.0, 0.25, 1.0]


def test_signed_pixels_are_read_signed(tmp_path: Path) -> None:
    assert shown(tmp_path, [-100, -50, 0, 100], "i2", **window(-100, 100)) == [0.0, 0.25, 0.5, 1.0]


def test_signed_pixels_of_12_bits_are_extended_from_bit_11(tmp_path: Path) -> None:
    stored = [value & 0xFFF for value in (-100, -50, 0, 100)]
    attributes = {"BitsStored": 12, "PixelRepresentation": 1, **window(-100, 100)}
    assert shown(tmp_path, stored, "u2", **attributes) == [0.0, 0.25, 0.5, 1.0]


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4"])
def test_words_of_8_16_and_32_bits_are_read(tmp_path: Path, dtype: str) -> None:
    assert shown(tmp_path, [0, 50, 100, 200], dtype, **window(0, 200)) == [0.0, 0.25, 0.5, 1.0]


def test_a_missing_pixel_representation_is_unsigned(tmp_path: Path) -> None:
    attributes = {"PixelRepresentation": None, **window(0, 65536)}
    assert shown(tmp_path, [0, 16384, 32768, 49152], **attributes) == [0.0, 0.25, 0.5, 0.75]


def test_values_of_32_bits_far_apart_are_read(tmp_path: Path) -> None:
    assert shown(tmp_path, [0, 2**30, 2**31, 2**32 - 1], "u4", **window(0, 2**32)) == [0.0, 0.25, 0.5, 1.0]
