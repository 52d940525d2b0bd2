"""An exported network on ONNX Runtime: pixels to logits and features. No torch, no pandas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.labels import CLASSES
from dicom_router.model.folder import GRAPH, NETWORK, read_specification
from dicom_router.model.session import InferenceSession, open_session

BATCH: Final = 32

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Network:
    """An exported network: uint8 pixels in, logits and features out."""

    specification: dict[str, Any]
    session: InferenceSession

    @classmethod
    def load(cls, folder: Path, threads: int = 1) -> Self:
        """Load ``network.json`` and ``network.onnx`` of ``folder``.

        Raises:
            ModelError: the folder is incomplete, damaged, or of another release.
        """
        return cls(read_specification(folder, NETWORK), open_session(folder / GRAPH, threads))

    @property
    def preprocessing(self) -> PreprocessingSpec:
        """Return how the training pixels were made."""
        return PreprocessingSpec.from_dict(self.specification["preprocessing"])

    def run(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return logits ``(N, 5)`` and features ``(N, F)``, float32, of ``pixels`` ``(N, S, S)`` uint8."""
        size = self.preprocessing.image_size
        if pixels.ndim != 3 or pixels.shape[1:] != (size, size) or pixels.dtype != np.uint8:
            raise ValueError(f"pixels are {pixels.dtype} {pixels.shape}; the network takes uint8 (N, {size}, {size})")
        parts = [self._batch(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]
        if not parts:
            nothing = np.empty((0, len(CLASSES)), np.float32)
            return nothing, np.empty((0, self.specification["num_features"]), np.float32)
        return np.concatenate([logits for logits, _ in parts]), np.concatenate([features for _, features in parts])

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return ``(N, 5)`` float32, classes in the order of ``CLASSES``."""
        return self.run(pixels)[0]

    def features(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return ``(N, F)`` float32, what the network's last layer sees."""
        return self.run(pixels)[1]

    def _batch(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scaled = pixels[:, np.newaxis].astype(np.float32) / np.float32(255)
        logits, features = self.session.run(["logits", "features"], {"pixels": scaled})
        return np.asarray(logits), np.asarray(features)
