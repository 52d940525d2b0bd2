"""What the model said of its test films, kept with it: what a site is compared with until it is commissioned.

Answers and features alone, in an order that says nothing: no header, no pseudonym, no path.
"""

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dicom_router.errors import ModelError
from dicom_router.model.folder import TEST_FILMS


@dataclass(frozen=True)
class TestFilms:
    """N films; those of one patient have one number in ``patients``, 0 to P - 1."""

    __test__ = False  # pytest takes every Test… for a test

    patients: NDArray[np.int32]  # (N,)
    labels: NDArray[np.int8]  # (N,) places in CLASSES, as the model said
    confidence: NDArray[np.float32]  # (N,) of these, calibrated
    review: NDArray[np.bool_]  # (N,)
    outlier: NDArray[np.bool_]  # (N,)
    features: NDArray[np.float16]  # (N, F)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read them from a model's folder; None where an earlier release made it, which kept none.

        Raises:
            ModelError: the file is damaged.
        """
        try:
            with np.load(folder / TEST_FILMS, allow_pickle=False) as arrays:
                return cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except FileNotFoundError:
            return None
        except (OSError, EOFError, BadZipFile, ValueError, KeyError) as error:
            raise ModelError(f"{folder / TEST_FILMS} is damaged ({error}); restore it with `dvc checkout`") from None

    def to_bytes(self) -> bytes:
        """Return them as an ``.npz``: the same bytes every time."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **{field.name: getattr(self, field.name) for field in fields(self)})
        return buffer.getvalue()
