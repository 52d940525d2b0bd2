"""Sizes beyond which a file is refused before memory is taken for its pixels."""

from typing import Final

from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# The largest detector in use, 43 cm by 43 cm at 0.05 mm, has 74 million pixels; a stitched whole leg has 60 million.
MAX_PIXELS: Final = 100_000_000
MIN_SIDE: Final = 16
# 100 million RGB pixels of 16 bits are 600 MB; nothing that is a film is larger, also when inflated.
MAX_FILE_BYTES: Final = 1 << 30


def check_size(rows: int, columns: int) -> None:
    """Accept ``rows`` by ``columns`` pixels.

    Raises:
        UnreadableImage: a side is missing or too short, or there are too many pixels.
    """
    size = f"{rows} rows by {columns} columns"
    if rows < 1 or columns < 1:
        raise UnreadableImage(Reason.CORRUPT, f"{size} is no image size")
    if rows * columns > MAX_PIXELS:
        raise UnreadableImage(Reason.TOO_LARGE, f"{size}; at most {MAX_PIXELS // 10**6} million pixels are read")
    if min(rows, columns) < MIN_SIDE:
        raise UnreadableImage(Reason.TOO_SMALL, f"{size}; at least {MIN_SIDE} by {MIN_SIDE} are needed")
