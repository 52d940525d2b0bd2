"""How unlike the films of the training a film is, by the network's features. NumPy alone.

The squared Mahalanobis distance of the features to the nearest class's mean, under one covariance for all classes
(Lee 2018, NeurIPS). Their roots are taken first and scaled to length 1, as Arandjelovic and Zisserman 2012
(CVPR, "RootSIFT") do: features after a ReLU are skewed and differ in length, and this makes them more alike a normal
distribution, on which the distance rests (on the root alone: Yang 2021, ICLR, arXiv 2101.06395; on the length:
Mueller and Hein 2025, arXiv 2505.18032). docs/results.md holds what was measured of it and of other scores.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dicom_router.errors import ModelError

FILE: Final = "outliers.npz"

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class FeatureStatistics:
    """What the features of the training films look like."""

    means: NDArray[np.float32]  # (K, F), of the K classes that have films; K may be 0
    whitening: NDArray[np.float32]  # (F, F): whitened differences have the identity for covariance

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``to_bytes`` wrote.

        Raises:
            ModelError: the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["means"], arrays["whitening"])
        except (OSError, EOFError, BadZipFile, ValueError, KeyError) as error:
            raise ModelError(f"{path} is damaged ({error}); restore it with `dvc checkout`") from None

    def to_bytes(self) -> bytes:
        """Return them as an ``.npz``, float32: the same bytes every time."""
        buffer = io.BytesIO()
        np.savez(buffer, means=self.means, whitening=self.whitening)
        return buffer.getvalue()

    def scores(self, features: Floats) -> NDArray[np.float64]:
        """Return the squared distance ``(N,)`` of ``features`` ``(N, F)`` to the nearest class; 0 without a class."""
        if not len(self.means):
            return np.zeros(len(features))
        whitened, centres = self._whitened(rooted(features)), self._whitened(self.means)
        squared = ((whitened[:, np.newaxis] - centres) ** 2).sum(axis=2)
        return np.asarray(squared.min(axis=1))

    def _whitened(self, features: Floats) -> NDArray[np.float64]:
        return np.asarray(features.astype(np.float64) @ self.whitening.astype(np.float64))


def rooted(features: Floats) -> NDArray[np.float64]:
    """Return the roots of ``features`` ``(N, F)``, with their signs, scaled to length 1; zeros stay."""
    roots = np.sign(features) * np.sqrt(np.abs(features.astype(np.float64)))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.where(lengths > 0, lengths, 1.0))
