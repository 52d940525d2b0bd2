"""A film to the network's input: the only preprocessing there is, in training and in use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.film import Film, Header
from dicom_router.dicom.reading import read_for
from dicom_router.dicom.resampling import resize
from dicom_router.dicom.source import Content
from dicom_router.dicom.unpainted import Unpainted
from dicom_router.errors import DataError

Fit = Literal["letterbox", "stretch"]
FITS: Final = ("letterbox", "stretch")
SMALLEST_WEIGHT: Final = 1e-4


@dataclass(frozen=True)
class PreprocessingSpec:
    """How a film becomes ``image_size`` squared pixels; it is stored in the model and read from it.

    ``letterbox`` keeps the body's proportions and adds black bars, ``stretch`` fills the square.
    """

    image_size: int
    fit: Fit

    def to_dict(self) -> dict[str, Any]:
        """Return the specification as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PreprocessingSpec":
        """Read what ``to_dict`` returned.

        Raises:
            DataError: a key is unknown or missing, or a value is not accepted.
        """
        accepted = [field.name for field in fields(cls)]
        if set(values) != set(accepted):
            raise DataError(f"a preprocessing specification has the keys {', '.join(accepted)}, not {sorted(values)}")
        spec = cls(**values)
        if type(spec.image_size) is not int or spec.image_size < 1:
            raise DataError(f"image_size is {spec.image_size!r}; a whole number of pixels is accepted")
        if spec.fit not in FITS:
            raise DataError(f"fit is {spec.fit!r}; accepted: {', '.join(FITS)}")
        return spec


@dataclass(frozen=True, eq=False)
class Preprocessed:
    """One file as the network takes it: ``pixels`` (S, S) uint8, and the facts of its header."""

    pixels: NDArray[np.uint8]
    header: Header


def preprocess_file(source: Path | Content, spec: PreprocessingSpec) -> Preprocessed:
    """Read a file, or its content, and preprocess it, decoding no more than ``spec`` needs.

    The pixels are those of ``preprocess(read(source), spec)`` but for rounding, except where the codestream is decoded
    at a smaller size: there they differ by less than one of 255 on average, and by more along sharp edges.

    Raises:
        UnreadableImage: the file cannot become one radiograph; its reason says why.
    """
    film = read_for(source, lambda header: target_shape((header.Rows, header.Columns), header.pixel_aspect, spec))
    return Preprocessed(preprocess(film, spec), film.header)


def preprocess(film: Film | Unpainted, spec: PreprocessingSpec) -> NDArray[np.uint8]:
    """Return (S, S) uint8: area averages over the valid pixels alone, black where there are none."""
    size = spec.image_size
    height, width = target_shape(film.shape, film.header.pixel_aspect, spec)
    top, left = (size - height) // 2, (size - width) // 2
    square = np.zeros((size, size), np.uint8)
    fitted = _masked_resize(film, (height, width))
    square[top : top + height, left : left + width] = np.rint(np.clip(fitted, 0, 1) * 255).astype(np.uint8)
    return square


def target_shape(shape: tuple[int, ...], pixel_aspect: float, spec: PreprocessingSpec) -> tuple[int, int]:
    """Return the height and width that a film of ``shape`` takes in the square."""
    if spec.fit == "stretch":
        return spec.image_size, spec.image_size
    height, width = shape[0] * pixel_aspect, float(shape[1])
    scale = spec.image_size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _masked_resize(film: Film | Unpainted, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resize the greys, which are 0 where not valid, weighted by where they are valid."""
    edges, valid = (film.grid.edges(film.shape[0]), film.grid.edges(film.shape[1])), film.valid
    averages = resize(film.rows, edges, shape)
    if valid is None:
        return film.greys(averages, None)
    weight = resize(lambda start, stop: valid[start:stop].astype(np.float32), edges, shape)
    total = film.greys(averages, weight)
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > SMALLEST_WEIGHT)
