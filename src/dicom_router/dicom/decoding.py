"""Pixel data to words, by the transfer syntax."""

from typing import Final

from pydicom.uid import UID

from dicom_router.dicom.attributes import integer
from dicom_router.dicom.compressed import decode_codestream
from dicom_router.dicom.fragments import join_fragments
from dicom_router.dicom.native import decode_native, decode_rle
from dicom_router.dicom.parsing import DicomFile
from dicom_router.dicom.samples import Samples
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

# What imagecodecs and NumPy raise on damaged pixel data, found by mutating files at random.
DECODE_ERRORS: Final = (RuntimeError, ValueError, TypeError, IndexError, OverflowError)

NATIVE: Final = frozenset(
    {
        "",  # a data set without file meta information
        "1.2.840.10008.1.2",  # implicit little endian
        "1.2.840.10008.1.2.1",  # explicit little endian
        "1.2.840.10008.1.2.1.99",  # deflated
        "1.2.840.10008.1.2.2",  # explicit big endian
    }
)
RLE: Final = "1.2.840.10008.1.2.5"
CODESTREAMS: Final = frozenset(
    {
        "1.2.840.10008.1.2.4.50",  # JPEG baseline, 8 bits
        "1.2.840.10008.1.2.4.51",  # JPEG extended, 8 or 12 bits
        "1.2.840.10008.1.2.4.57",  # JPEG Lossless, process 14
        "1.2.840.10008.1.2.4.70",  # JPEG Lossless, process 14, first-order prediction
        "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
        "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
        "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
        "1.2.840.10008.1.2.4.91",  # JPEG 2000
        "1.2.840.10008.1.2.4.201",  # HTJ2K lossless
        "1.2.840.10008.1.2.4.202",  # HTJ2K lossless, RPCL
        "1.2.840.10008.1.2.4.203",  # HTJ2K
    }
)
ONE_SAMPLE: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
THREE_SAMPLES: Final = frozenset(
    {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT"}  # PS3.3 C.7.6.3.1.2
)


def check_transfer_syntax(uid: str) -> None:
    """Accept the transfer syntaxes that are decoded here.

    Raises:
        UnreadableImage: it is another one, named where it has a public name.
    """
    if uid in NATIVE or uid in CODESTREAMS or uid == RLE:
        return
    name = UID(uid).name
    raise UnreadableImage(
        Reason.UNSUPPORTED_TRANSFER_SYNTAX, "" if name == uid else f"no decoder for the transfer syntax {name}"
    )


def decode(
    file: DicomFile, photometric: str, rows: int, columns: int, wanted: tuple[int, int] | None = None
) -> Samples:
    """Decode the pixels of ``file``, whose size and transfer syntax have been checked.

    With ``wanted`` (rows, columns), a picture of that size or somewhat more is enough.

    Raises:
        UnreadableImage: the pixel data are cut short, damaged, or of a kind that no radiograph has.
    """
    assert file.pixels is not None
    shape = _shape(file, photometric, rows, columns)
    try:
        if not file.pixels.encapsulated:
            return decode_native(file.ds, file.pixels, file.little_endian, photometric, shape)
        frame = join_fragments(file.pixels.value)
        if file.TransferSyntaxUID == RLE:
            return decode_rle(file.ds, frame, photometric, shape)
        return decode_codestream(file.ds, frame, photometric, shape, wanted)
    except DECODE_ERRORS:
        raise UnreadableImage(Reason.CORRUPT, "the pixel data are damaged") from None


def _shape(file: DicomFile, photometric: str, rows: int, columns: int) -> tuple[int, ...]:
    """Return (H, W) or (H, W, 3), by SamplesPerPixel and PhotometricInterpretation, which must agree."""
    samples = integer(file.ds, "SamplesPerPixel", 1 if photometric in ONE_SAMPLE else 3)
    if samples == 1 and photometric in ONE_SAMPLE:
        return rows, columns
    if samples == 3 and photometric in THREE_SAMPLES:
        return rows, columns, 3
    known = photometric if photometric in ONE_SAMPLE | THREE_SAMPLES else "another photometric interpretation"
    raise UnreadableImage(Reason.UNSUPPORTED_PIXELS, f"{samples} samples a pixel with {known}")
