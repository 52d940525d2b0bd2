"""JPEG, JPEG-LS and JPEG 2000 codestreams to words, by imagecodecs.

The codestream tells which decoder it needs, its size and its precision.
HTJ2K goes through OpenJPEG: OpenJPH returns half a picture for a damaged one.
"""

from typing import Any

import imagecodecs
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_router.dicom.codestreams import Codestream, describe
from dicom_router.dicom.limits import check_compression
from dicom_router.dicom.overlays import embedded_bits
from dicom_router.dicom.reduced import decode_reduced
from dicom_router.dicom.samples import GREY, Layout, Samples, stated_layout
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason


def decode_codestream(
    ds: Dataset, frame: bytes, photometric: str, shape: tuple[int, ...], wanted: tuple[int, int] | None = None
) -> Samples:
    """Decode ``frame`` after comparing its size with ``shape``, (H, W) or (H, W, 3).

    With ``wanted`` (rows, columns), a picture of that size or somewhat more is enough.

    Raises:
        UnreadableImage: the codestream is of another size than the header states, or too short for it.
    """
    stream = describe(frame)
    _check_shape(stream, shape)
    check_compression(stream.rows, stream.columns, len(stream.content))
    _, stated = stated_layout(ds)
    if wanted is not None and photometric in GREY:
        smaller = decode_reduced(ds, stream, stated, wanted)
        if smaller is not None:
            return Samples(smaller[0], _layout(ds, stream, stated), photometric, grid=smaller[1])
    decoded, kind = _run(stream, photometric)
    if decoded.shape not in (shape, shape[:2]):
        raise UnreadableImage(Reason.CORRUPT, "the components of the compressed image differ in size")
    words = decoded.view(f"u{decoded.dtype.itemsize}")
    overridden = stated if stream.codec == "jpeg2k" and stream.signed != stated.signed else None
    return Samples(words, _layout(ds, stream, stated), kind, overridden)


def _check_shape(stream: Codestream, shape: tuple[int, ...]) -> None:
    found = (stream.rows, stream.columns, stream.samples)
    stated = (*shape, 1) if len(shape) == 2 else shape
    if found != stated:
        raise UnreadableImage(
            Reason.CORRUPT,
            "the compressed image has {} rows, {} columns, {} samples; ".format(*found)
            + "the header states {}, {}, {}".format(*stated),
        )


def _run(stream: Codestream, photometric: str) -> tuple[NDArray[Any], str]:
    """Decode, and say what the samples are; the luminance alone where the codestream has it."""
    if stream.codec == "jpeg2k":
        kind = "RGB" if stream.transformed else photometric
        return imagecodecs.jpeg2k_decode(stream.content, numthreads=1), kind
    if stream.codec == "jpegls":
        return imagecodecs.jpegls_decode(stream.content), photometric
    if stream.samples == 1:
        return imagecodecs.jpeg8_decode(stream.content), photometric
    transformed = photometric.startswith("YBR") if stream.transformed is None else stream.transformed
    if transformed:
        return imagecodecs.jpeg8_decode(stream.content, colorspace="YCBCR", outcolorspace="GRAYSCALE"), "YBR_FULL"
    return imagecodecs.jpeg8_decode(stream.content, colorspace="RGB", outcolorspace="RGB"), "RGB"


def _layout(ds: Dataset, stream: Codestream, stated: Layout) -> Layout:
    """Believe the codestream's precision, and of JPEG 2000 its sign; the others carry none.

    Overlays in high bits were compressed with the pixels, and a signed value may
    have been extended to a longer one: there the header's bits count.
    """
    signed = stream.signed if stream.codec == "jpeg2k" else stated.signed
    longer = stream.precision > stated.bits_stored
    if longer and (embedded_bits(ds) or (signed and stream.codec != "jpeg2k")):
        return Layout(stated.bits_stored, stated.high_bit, signed)
    return Layout(stream.precision, stream.precision - 1, signed)
