"""One file to one film: ``read`` and ``read_header``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dicom_router.dicom.decoding import check_transfer_syntax, decode
from dicom_router.dicom.film import Film, Header, is_constant
from dicom_router.dicom.header import check_header, header_of
from dicom_router.dicom.parsing import DicomFile, parse
from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.raster import read_raster, read_raster_header
from dicom_router.dicom.rendering import render
from dicom_router.dicom.source import file_format, load
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

__all__ = ["Film", "Header", "is_constant", "read", "read_header"]


@contextmanager
def _enough_memory() -> Iterator[None]:
    """Refuse what takes more memory than there is, or than a cell allows.

    Raises:
        UnreadableImage: as it says.
    """
    try:
        yield
    except MemoryError:
        raise UnreadableImage(Reason.TOO_LARGE, "to decode it takes more memory than there is") from None


@_enough_memory()
def read(path: Path) -> Film:
    """Read the DICOM, PNG or JPEG file ``path`` as a film with bone bright.

    Raises:
        UnreadableImage: the file cannot become one radiograph; its reason says why.
    """
    data = load(path)
    kind = file_format(data)
    with quiet():
        if kind != "dicom":
            return read_raster(data, kind)
        file, header = _parse(data)
        samples = decode(file, header.PhotometricInterpretation, header.Rows, header.Columns)
        pixels, valid = render(file.ds, file.little_endian, header, samples)
        return Film(pixels, valid, header)


@_enough_memory()
def read_header(path: Path) -> Header:
    """Read the facts of the file ``path`` without decoding its pixels.

    Raises:
        UnreadableImage: the header alone tells that the file cannot become one radiograph.
    """
    data = load(path)
    kind = file_format(data)
    with quiet():
        return read_raster_header(data, kind) if kind != "dicom" else _parse(data)[1]


def _parse(data: bytes) -> tuple[DicomFile, Header]:
    """Parse a DICOM file and check all that needs no pixels."""
    file = parse(data)
    header = header_of(file)
    check_header(file, header)
    check_transfer_syntax(header.TransferSyntaxUID)
    return file, header
