"""Stored values to the modality's values: a Modality LUT, or rescale slope and intercept (PS3.3 C.11.1)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import items, number
from dicom_router.dicom.lut import read_lut

LARGEST: Final = 2.0**53  # beyond it float64 cannot tell neighbouring whole numbers apart


def modality_values(ds: Dataset, little_endian: bool, stored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map ``stored`` (K,), ascending; a slope of zero or a rescaling that wipes out the picture is not believed."""
    for item in items(ds, "ModalityLUTSequence")[:1]:
        lut = read_lut(item, little_endian)
        if lut is not None:
            return lut.look_up(stored)
    slope, intercept = number(ds, "RescaleSlope"), number(ds, "RescaleIntercept")
    if slope is None or slope == 0:
        slope = 1.0
    rescaled = stored * slope + (intercept or 0.0)
    return rescaled if np.abs(rescaled).max() <= LARGEST and rescaled[0] != rescaled[-1] else stored
