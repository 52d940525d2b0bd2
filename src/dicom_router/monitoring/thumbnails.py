"""Films as small as the report shows them: too small to read a name that was burned in, or to know whose they are."""

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicom_router.model.answers import ReviewReason

SIDE: Final = 64  # pixels
GREYS: Final = 32


def is_worth_a_look(row: Mapping[str, Any]) -> bool:
    """Say whether a row of the log is of a film that is unlike the training, or contradicts its header."""
    return ReviewReason.OUTLIER in row["reasons"] or bool(row["header_disagrees"])


def thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """Return what the network saw of a film, ``(S, S)``, as a PNG of at most ``SIDE`` pixels a side."""
    image = Image.fromarray(pixels)
    if image.width > SIDE:
        image = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    step = 256 // GREYS
    coarse = (np.asarray(image, np.uint16) // step) * 255 // (GREYS - 1)
    buffer = io.BytesIO()
    Image.fromarray(coarse.astype(np.uint8)).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
