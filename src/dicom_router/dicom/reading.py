"""One file to one film: ``read`` and ``read_header``, and ``read_for`` where a small picture of it is enough."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dicom_router.dicom.decoding import check_transfer_syntax, decode
from dicom_router.dicom.film import Film, Header, is_constant
from dicom_router.dicom.header import check_header, header_of
from dicom_router.dicom.parsing import DicomFile, parse
from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.raster import read_raster, read_raster_header
from dicom_router.dicom.rendering import render
from dicom_router.dicom.source import Content, content_of, file_format
from dicom_router.dicom.unpainted import Unpainted
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

__all__ = ["Film", "Header", "header_in", "is_constant", "read", "read_for", "read_header"]

Size = tuple[int, int]


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


def read(source: Path | Content) -> Film:
    """Read the DICOM, PNG or JPEG file at a path, or its content, as a film with bone bright.

    Raises:
        UnreadableImage: the file cannot become one radiograph; its reason says why.
    """
    film = _read(source, None)
    return film.paint() if isinstance(film, Unpainted) else film


def read_for(source: Path | Content, wanted: Callable[[Header], Size]) -> Film | Unpainted:
    """Read a file, or its content, for a picture of as many rows and columns as ``wanted`` says for its header.

    Less may be decoded than ``read`` does, and percentiles are those of a sample of the pixels.

    Raises:
        UnreadableImage: the file cannot become one radiograph; its reason says why.
    """
    return _read(source, wanted)


def read_header(path: Path) -> Header:
    """Read the facts of the file ``path`` without decoding its pixels.

    Raises:
        UnreadableImage: the header alone tells that the file cannot become one radiograph.
    """
    return header_in(content_of(path))


@_enough_memory()
def header_in(data: Content) -> Header:
    """Read the facts of a file from its content, as ``read_header`` does.

    Raises:
        UnreadableImage: as there.
    """
    kind = file_format(data)
    with quiet():
        return read_raster_header(data[:], kind) if kind != "dicom" else _parse(data)[1]


@_enough_memory()
def _read(source: Path | Content, wanted: Callable[[Header], Size] | None) -> Film | Unpainted:
    data = content_of(source)
    kind = file_format(data)
    with quiet():
        if kind != "dicom":
            return read_raster(data[:], kind)
        file, header = _parse(data)
        return _film(file, header, None if wanted is None else wanted(header))


def _film(file: DicomFile, header: Header, wanted: Size | None, *, whole: bool = False) -> Film | Unpainted:
    """Decode and render, a second time and in full where a smaller picture turns out not to be enough."""
    size = None if whole else wanted
    samples = decode(file, header.PhotometricInterpretation, header.Rows, header.Columns, size)
    film = render(file, header, samples, sampled=wanted is not None)
    return _film(file, header, wanted, whole=True) if film is None else film


def _parse(data: Content) -> tuple[DicomFile, Header]:
    """Parse a DICOM file and check all that needs no pixels."""
    file = parse(data)
    header = header_of(file)
    check_header(file, header)
    check_transfer_syntax(header.TransferSyntaxUID)
    return file, header
