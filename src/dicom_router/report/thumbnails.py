"""Images inside the page."""

import base64
import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE: Final = 144  # pixels a side
GREYS: Final = 64  # enough for a thumbnail, and half the bytes


def png_data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return ``pixels`` ``(S, S)`` as a small PNG in a ``data:`` address."""
    image = Image.fromarray(pixels)
    if image.width > SIZE:
        image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    step = 256 // GREYS
    coarse = (np.asarray(image, np.uint16) // step) * 255 // (GREYS - 1)
    return whole_png_data_uri(coarse.astype(np.uint8))


def whole_png_data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return ``pixels`` ``(H, W)`` or ``(H, W, 3)`` as they are, as a PNG in a ``data:`` address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
