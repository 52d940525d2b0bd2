"""Values of interest to greys: the VOI LUT or window of PS3.3 C.11.2, or percentiles where neither is usable."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import items, number, text
from dicom_router.dicom.levels import percentiles
from dicom_router.dicom.lut import read_lut

Values = NDArray[np.float64]
Counts = NDArray[np.int64]

PERCENTILES: Final = (0.5, 99.5)
# A window that leaves the middle 99 % of the pixels within this share of the range shows nothing.
FLAT: Final = 1 / 64


@dataclass(frozen=True)
class Window:
    """A window and the function that applies it."""

    center: float
    width: float
    function: str = "LINEAR"

    @property
    def usable(self) -> bool:
        """Tell whether the width is one that the function accepts."""
        return self.width >= 1 if self.function == "LINEAR" else self.width > 0

    def apply(self, values: Values) -> Values:
        """Return ``values`` mapped to [0, 1], the function's output range."""
        if self.function == "SIGMOID":
            return 1 / (1 + np.exp(np.clip(-4 * (values - self.center) / self.width, -700, 700)))
        if self.function == "LINEAR_EXACT":
            return np.clip((values - self.center) / self.width + 0.5, 0, 1)
        center, width = self.center - 0.5, self.width - 1
        if width == 0:
            return np.where(values > center, 1.0, 0.0)
        return np.clip((values - center) / width + 0.5, 0, 1)


def grey_levels(ds: Dataset, little_endian: bool, values: Values, counts: Counts) -> Values:
    """Map ``values`` (K,) to [0, 1] by the first of VOI LUT, window and percentiles that shows something."""
    stated = stated_levels(ds, little_endian, values, counts)
    return stretch(values, counts) if stated is None else stated


def stated_levels(ds: Dataset, little_endian: bool, values: Values, counts: Counts) -> Values | None:
    """Map ``values`` (K,) to [0, 1] by the first of VOI LUT and window that shows something; None where none does."""
    uniform = _spread(values, counts) == 0
    for greys in _stated(ds, little_endian, values):
        if uniform or _spread(greys, counts) >= FLAT:
            return greys
    return None


def _spread(values: Values, counts: Counts) -> float:
    """Return the distance between the two percentiles."""
    low, high = percentiles(values, counts, *PERCENTILES)
    return high - low


def stretch(values: Values, counts: Counts) -> Values:
    """Map the middle 99 % of the counted ``values`` to [0, 1], all of them where these are one value."""
    low, high = percentiles(values, counts, *PERCENTILES)
    if low == high:
        seen = values[counts > 0]
        low, high = float(seen.min()), float(seen.max())
    if low == high:
        return np.zeros_like(values)
    return np.clip((values - low) / (high - low), 0, 1)


def read_window(ds: Dataset) -> Window | None:
    """Return the first window; None where there is none or it is garbage."""
    center, width = number(ds, "WindowCenter"), number(ds, "WindowWidth")
    if center is None or width is None:
        return None
    function = text(ds, "VOILUTFunction").upper()
    window = Window(center, width, function if function in ("LINEAR_EXACT", "SIGMOID") else "LINEAR")
    return window if window.usable else None


def _stated(ds: Dataset, little_endian: bool, values: Values) -> Iterator[Values]:
    """Yield the greys by what the header states, the VOI LUT before the window."""
    for item in items(ds, "VOILUTSequence")[:1]:
        lut = read_lut(item, little_endian)
        if lut is not None:
            yield np.clip(lut.look_up(values) / lut.full_scale, 0, 1)
    window = read_window(ds)
    if window is not None:
        yield window.apply(values)
