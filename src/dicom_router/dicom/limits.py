"""Sizes beyond which a file is refused before memory is taken for its pixels."""

from typing import Final

from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# The largest detector in use, 43 cm by 43 cm at 0.05 mm, has 74 million pixels; a stitched whole leg has 60 million.
MAX_PIXELS: Final = 100_000_000
MIN_SIDE: Final = 16
# 100 million RGB pixels of 16 bits are 600 MB; nothing that is a film is larger, also when inflated.
MAX_FILE_BYTES: Final = 640 << 20
# What lies before the pixels: a few kB, some MB with private data and icons. A film has hundreds of elements.
MAX_HEADER_BYTES: Final = 64 << 20
MAX_READS: Final = 30_000
# An attribute is read up to a length: no number and no text of ours has more; eight tables of 65,536 words have.
MAX_VALUE_BYTES: Final = 1 << 14
MAX_TABLE_BYTES: Final = 1 << 20
# Deflate reaches 1,032 bytes a byte, a JPEG 512 pixels, JPEG 2000 anything; a film of bone and noise never 100.
MAX_PIXELS_PER_BYTE: Final = 4096
MAX_SCANS: Final = 256  # of a JPEG, each a pass over all its pixels; progressive ones have about ten
MAX_SEGMENTS: Final = 4096  # before the first scan
MAX_FRAGMENTS: Final = 100_000


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


def check_compression(rows: int, columns: int, size: int) -> None:
    """Accept ``size`` bytes as what ``rows`` by ``columns`` pixels were compressed to.

    Raises:
        UnreadableImage: no picture is so empty, so that the size is a lie or a trap.
    """
    if rows * columns > size * MAX_PIXELS_PER_BYTE:
        raise UnreadableImage(Reason.CORRUPT, f"{rows} rows by {columns} columns cannot lie in {size} bytes")
