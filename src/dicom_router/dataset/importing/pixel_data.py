"""Pixel data as they are stored: the coded pixels as they came, and no byte that is not theirs."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.encaps import encapsulate
from pydicom.tag import Tag

from dicom_router.dataset.importing.frames import slim_codestream, slim_rle
from dicom_router.dataset.importing.spare_bits import bits_to_keep
from dicom_router.dicom.decoding import RLE, decode
from dicom_router.dicom.film import Header
from dicom_router.dicom.fragments import join_fragments
from dicom_router.dicom.overlays import embedded_bits
from dicom_router.dicom.parsing import UNDEFINED_LENGTH, DicomFile, PixelElement

PIXEL_DATA: Final = Tag("PixelData")


@dataclass(frozen=True, repr=False)
class StoredPixels:
    """The element to store; ``overlays`` says whether its words still hold overlays."""

    element: RawDataElement
    overlays: bool


def stored_pixels(file: DicomFile, header: Header) -> StoredPixels:
    """Return the pixel data of ``file``, whose header was checked: one frame, nothing before, behind or beside it.

    Comments in a codestream, an offset table, bytes behind the last pixel and bits that
    no pixel uses are gone. What reading gives is the same.

    Raises:
        UnreadableImage: the pixel data are cut short or damaged.
    """
    assert file.pixels is not None
    if not file.pixels.encapsulated:
        return _native(file, file.pixels, header)
    frame = join_fragments(file.pixels.value)
    if file.TransferSyntaxUID == RLE:
        decode(file, header.PhotometricInterpretation, header.Rows, header.Columns)
        slim = slim_rle(frame)
    else:
        slim = slim_codestream(frame)
    return StoredPixels(_element(file, "OB", encapsulate([slim]), UNDEFINED_LENGTH), embedded_bits(file.ds) != 0)


def _native(file: DicomFile, pixels: PixelElement, header: Header) -> StoredPixels:
    """Cut what lies behind the last pixel, and clear the bits that are no part of any."""
    samples = decode(file, header.PhotometricInterpretation, header.Rows, header.Columns)
    kept = bits_to_keep(file.ds, samples)
    word = samples.words.dtype.newbyteorder("<" if file.little_endian else ">")
    size = _size(header, samples.words.size, word.itemsize)
    value = bytes(pixels.value[: size + size % 2])  # even: bytes may be swapped in pairs
    if kept is not None and kept + 1 != 1 << 8 * word.itemsize:
        value = (np.frombuffer(value, word) & word.type(kept)).astype(word).tobytes()
    value += b"\0" * (len(value) % 2)
    return StoredPixels(_element(file, pixels.representation or None, value, len(value)), kept is None)


def _size(header: Header, words: int, bytes_per_word: int) -> int:
    """Return how many bytes the pixels take; of 4:2:2 images the reader keeps the luminance, half of the words."""
    subsampled = header.PhotometricInterpretation.endswith("_422")
    return words * bytes_per_word * (2 if subsampled else 1)


def _element(file: DicomFile, representation: str | None, value: bytes, length: int) -> RawDataElement:
    implicit, little_endian = file.ds.original_encoding
    vr = None if implicit else representation
    return RawDataElement(PIXEL_DATA, vr, length, value, 0, bool(implicit), little_endian is not False, is_raw=True)
