"""A film to the network's input: the only preprocessing there is, in training and in use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.film import Film
from dicom_router.dicom.resampling import resize
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


def preprocess(film: Film, spec: PreprocessingSpec) -> NDArray[np.uint8]:
    """Return (S, S) uint8: area averages over the valid pixels alone, black where there are none."""
    size = spec.image_size
    height, width = target_shape(film.pixels.shape, film.header.pixel_aspect, spec)
    top, left = (size - height) // 2, (size - width) // 2
    square = np.zeros((size, size), np.uint8)
    fitted = _masked_resize(film.pixels, film.valid, (height, width))
    square[top : top + height, left : left + width] = np.rint(np.clip(fitted, 0, 1) * 255).astype(np.uint8)
    return square


def target_shape(shape: tuple[int, ...], pixel_aspect: float, spec: PreprocessingSpec) -> tuple[int, int]:
    """Return the height and width that a film of ``shape`` takes in the square."""
    if spec.fit == "stretch":
        return spec.image_size, spec.image_size
    height, width = shape[0] * pixel_aspect, float(shape[1])
    scale = spec.image_size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _masked_resize(
    pixels: NDArray[np.float32], valid: NDArray[np.bool_] | None, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Resize ``pixels``, which are 0 where not ``valid``, weighted by ``valid``."""
    total = resize(pixels, shape)
    if valid is None:
        return total
    weight = resize(valid.astype(np.float32), shape)
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > SMALLEST_WEIGHT)
