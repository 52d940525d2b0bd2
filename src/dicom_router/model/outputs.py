"""What the exported network says of images in the pixel cache, a part of them in memory at a time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.model.network import Network

ROWS: Final = 512  # read from the memory-mapped pixels at once


def network_outputs(
    network: Network, pixels: NDArray[np.uint8], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return logits ``(N, C)`` and features ``(N, F)`` of the images ``rows`` ``(N,)`` of ``pixels`` ``(M, S, S)``."""
    starts = range(0, max(len(rows), 1), ROWS)
    parts = [network.run(np.asarray(pixels[rows[start : start + ROWS]])) for start in starts]
    return np.concatenate([logits for logits, _ in parts]), np.concatenate([features for _, features in parts])
