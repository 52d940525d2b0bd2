"""Films as small as the report shows them: too small to read a name that was burned in, or to know whose they are."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicom_router.model.answers import Result, ReviewReason

SIDE: Final = 64  # pixels
GREYS: Final = 32


def is_shown(result: Result) -> bool:
    """Say whether a report may show a film: one that is unlike the training, or contradicts its header."""
    outlier = result.decision is not None and ReviewReason.OUTLIER in result.decision.reasons
    return outlier or bool(result.disagrees)


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
