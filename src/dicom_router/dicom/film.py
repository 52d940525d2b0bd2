"""What reading one file gives: the film, and the facts of its header that identify nobody."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.grid import EVERY_PIXEL, Grid
from dicom_router.dicom.source import FileFormat


@dataclass(frozen=True)
class Header:
    """Facts about one file; text is ``""`` and a number 0 or None where the file does not say.

    ``pixel_aspect`` is the height of a pixel over its width. ``synthetic`` films
    were written by the sample generator and say so in their ImageComments.
    """

    file_format: FileFormat
    TransferSyntaxUID: str = ""
    SOPClassUID: str = ""
    Modality: str = ""
    BodyPartExamined: str = ""
    ViewPosition: str = ""
    PatientSex: str = ""
    Manufacturer: str = ""
    PhotometricInterpretation: str = ""
    Rows: int = 0
    Columns: int = 0
    BitsAllocated: int = 0
    BitsStored: int = 0
    age_years: float | None = None
    pixel_aspect: float = 1.0
    synthetic: bool = False


@dataclass(frozen=True, eq=False)
class Film:
    """One radiograph, bone bright.

    ``pixels`` is (H, W) float32 in [0, 1]. ``valid`` is (H, W) bool, False where the
    pixel is padding or lies outside the display shutter and ``pixels`` is 0; None
    where every pixel is valid.
    """

    pixels: NDArray[np.float32]
    valid: NDArray[np.bool_] | None
    header: Header

    @property
    def grid(self) -> Grid:
        """Return how ``pixels`` lie on the film."""
        return EVERY_PIXEL

    @property
    def shape(self) -> tuple[int, int]:
        """Return the size of the film in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return (stop - start, W) of ``pixels``, which are to be averaged."""
        return self.pixels[start:stop]

    def greys(self, averages: NDArray[np.float32], weights: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Return the greys of sums of ``rows``: they are greys already."""
        return averages

    @property
    def seen(self) -> NDArray[np.float32]:
        """Return the valid pixels, (N,) float32."""
        return self.pixels.ravel() if self.valid is None else self.pixels[self.valid]


def is_constant(film: Film) -> bool:
    """Tell whether all valid pixels have the same value, so that the film shows nothing."""
    seen = film.seen
    return seen.size == 0 or bool(seen.min() == seen.max())
