"""A figure with its interval as text."""

import pytest

from dicom_router.figures import in_words, signed_in_words


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"value": 0.5, "low": 0.4, "high": 0.6}, "0.500 (0.400-0.600)"),
        ({"value": 0.5, "low": None, "high": None, "reason": "3 patients"}, "0.500 (no interval: 3 patients)"),
        ({"value": 1.0, "low": None, "high": None, "reason": "no interval: alike"}, "1.000 (no interval: alike)"),
        ({"value": None, "low": None, "high": None, "reason": "no image"}, "undefined (no image)"),
    ],
)
def test_a_figure_in_words(figure: dict[str, float | None], words: str) -> None:
    assert in_words(figure) == words


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"value": 0.012, "low": -0.003, "high": 0.027}, "+0.012 (-0.003 to +0.027)"),
        ({"value": -0.2, "low": None, "high": None, "reason": "3 patients"}, "-0.200 (no interval: 3 patients)"),
        ({"value": None, "low": None, "high": None, "reason": "no image"}, "undefined (no image)"),
    ],
)
def test_a_difference_in_words(figure: dict[str, float | None], words: str) -> None:
    assert signed_in_words(figure) == words
