"""Images FOR PROCESSING: detector signal, which no viewer shows as it is (PS3.3 C.8.11.3).

The rule: signal that is linear in exposure is replaced by its logarithm, as film
and display processing would; a window in such a header is not believed and
percentiles are used; PixelIntensityRelationshipSign says whether bone is dark.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import number, text
from dicom_router.dicom.voi import stretch

FOR_PROCESSING_CLASSES: Final = frozenset(
    {"1.2.840.10008.5.1.4.1.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.2.1", "1.2.840.10008.5.1.4.1.1.1.3.1"}
)
LARGER_IS_MORE_EXPOSURE: Final = 1


def is_for_processing(ds: Dataset, sop_class: str) -> bool:
    """Tell whether the pixels are detector signal, by the SOP class or PresentationIntentType."""
    return sop_class in FOR_PROCESSING_CLASSES or text(ds, "PresentationIntentType").upper() == "FOR PROCESSING"


def processed_levels(ds: Dataset, values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Map detector signal ``values`` (K,) to [0, 1], its polarity kept."""
    if text(ds, "PixelIntensityRelationship").upper() != "LIN":
        return stretch(values, counts)
    seen = values[counts > 0]
    if number(ds, "PixelIntensityRelationshipSign") == -LARGER_IS_MORE_EXPOSURE:
        return 1 - stretch(np.log(np.maximum(seen.max() - values, 0) + 1), counts)
    return stretch(np.log(np.maximum(values, 0) + 1), counts)


def bone_is_dark(ds: Dataset, by_photometric: bool) -> bool:
    """Tell whether detector signal must be inverted: by its sign, without one by the photometric interpretation."""
    sign = number(ds, "PixelIntensityRelationshipSign")
    return by_photometric if sign is None or sign == 0 else sign == LARGER_IS_MORE_EXPOSURE
