"""PNG and JPEG exports, by Pillow: grey and colour, 8 and 16 bits, palettes, transparency, EXIF orientation."""

import struct
import zlib
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from dicom_router.dicom.codestreams import check_scans
from dicom_router.dicom.film import Film, Header
from dicom_router.dicom.levels import levels_of
from dicom_router.dicom.limits import check_compression, check_size
from dicom_router.dicom.source import FileFormat
from dicom_router.dicom.voi import stretch
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# What Pillow raises on damaged files, found by its source and by mutating files at random.
RASTER_ERRORS: Final = (
    UnidentifiedImageError,
    AttributeError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
END_MARKS: Final[dict[FileFormat, bytes]] = {"png": b"IEND", "jpeg": b"\xff\xd9"}
GREY_16: Final = ("I;16", "I;16L", "I;16B", "I;16N", "I")


def read_raster_header(data: bytes, kind: FileFormat) -> Header:
    """Read the header of an image file; call it inside ``quiet()``.

    Raises:
        UnreadableImage: it is damaged, animated, or of a size that is not read.
    """
    with _open(data, kind) as image:
        header = _header(image, kind)
    check_compression(header.Rows, header.Columns, len(data))
    if kind == "jpeg":
        check_scans(data)
    return header


def read_raster(data: bytes, kind: FileFormat) -> Film:
    """Read an image file; call it inside ``quiet()``.

    Values of 8 bits are shown as they are. Values of 16 bits are stretched by
    percentiles, since exports put 10 to 16 bits there and no file says how many.

    Raises:
        UnreadableImage: it is damaged, cut short, animated, or of a size that is not read.
    """
    header = read_raster_header(data, kind)
    try:
        if kind == "png":  # whose checksums Pillow compares only when asked, and closes the image then
            _open(data, kind).verify()
        with _open(data, kind) as image:
            pixels, valid = _pixels(ImageOps.exif_transpose(image))
    except RASTER_ERRORS:
        raise _damaged(data, kind) from None
    return Film(pixels, valid, header)


def _open(data: bytes, kind: FileFormat) -> Image.Image:
    try:
        return Image.open(BytesIO(data), formats=[kind.upper()])
    except Image.DecompressionBombError:
        raise UnreadableImage(Reason.TOO_LARGE) from None
    except RASTER_ERRORS:
        raise _damaged(data, kind) from None


def _damaged(data: bytes, kind: FileFormat) -> UnreadableImage:
    """Say whether the file lacks its end or holds nonsense."""
    if END_MARKS[kind] not in data[-4096:]:
        return UnreadableImage(Reason.TRUNCATED, f"the {kind.upper()} file ends early")
    return UnreadableImage(Reason.CORRUPT, f"the {kind.upper()} file is damaged")


def _header(image: Image.Image, kind: FileFormat) -> Header:
    """Return the facts of an opened image, its size as it is shown."""
    if kind == "png" and getattr(image, "n_frames", 1) > 1:
        raise UnreadableImage(Reason.MULTI_FRAME, "an animated PNG; a film has one frame")
    columns, rows = image.size
    check_size(rows, columns)
    try:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except RASTER_ERRORS:
        turned = False
    bits = 16 if image.mode in GREY_16 else 8
    return Header(
        file_format=kind,
        PhotometricInterpretation="MONOCHROME2" if image.mode in ("1", "L", "LA", *GREY_16) else "RGB",
        Rows=columns if turned else rows,
        Columns=rows if turned else columns,
        BitsAllocated=bits,
        BitsStored=1 if image.mode == "1" else bits,
    )


def _pixels(image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Return pixels in [0, 1] on black, and the mask of what is not wholly transparent."""
    if image.mode in GREY_16:
        stored = np.asarray(image).astype(np.int32)
        levels = levels_of(stored, None)
        return levels.paint(stretch(levels.values, levels.counts)), None
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"), np.float32) / np.float32(255), None
    grey, alpha = (
        np.asarray(band, np.float32) / np.float32(255) for band in image.convert("RGBA").convert("LA").split()
    )
    return grey * alpha, None if alpha.all() else alpha > 0
