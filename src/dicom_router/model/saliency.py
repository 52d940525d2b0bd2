"""Which parts of a film a label rests on: hide one after the other, and look how the answer changes.

Occlusion (Zeiler and Fergus 2014, ECCV, section 4.2) by Captum. It asks the exported network as it is deployed, by ONNX
Runtime, and needs neither its weights nor its gradients. Methods that do need them (Grad-CAM, integrated gradients)
explain the trained network beside it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from captum.attr import Occlusion
from numpy.typing import NDArray
from scipy.special import logsumexp
from torch import Tensor

from dicom_router.model.network import Network

WINDOWS: Final = 7  # side by side along the film
STEPS: Final = 3  # to a window: how finely it moves
AT_ONCE: Final = 32  # hidden places that the network sees at a time


@dataclass(frozen=True, eq=False)
class Saliency:
    """What hiding a place costs the label, in log-odds of its probability; negative where it helps."""

    values: NDArray[np.float32]  # (S, S)
    window: int  # pixels of a side that were hidden at a time

    @property
    def largest(self) -> float:
        """Return the largest change, either way."""
        return float(np.abs(self.values).max())


def occlusion(network: Network, temperature: float, pixels: NDArray[np.uint8], label: int) -> Saliency:
    """Return what the class numbered ``label`` rests on in ``pixels`` ``(S, S)`` uint8."""

    def log_odds(films: Tensor) -> Tensor:
        greys = np.rint(films.numpy()[:, 0] * 255).astype(np.uint8)
        return torch.from_numpy(_log_odds(network.logits(greys) / temperature, label))

    window = max(1, len(pixels) // WINDOWS)
    attributions = Occlusion(log_odds).attribute(
        _film(pixels),
        sliding_window_shapes=(1, window, window),
        strides=(1, *2 * (max(1, window // STEPS),)),
        baselines=_film(hidden(pixels)),
        perturbations_per_eval=AT_ONCE,
    )
    return Saliency(attributions.numpy()[0, 0].astype(np.float32), window)


def hidden(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what a hidden place shows: the mean grey of the film; what is exactly black, as around it, stays so."""
    seen = pixels[pixels > 0]
    grey = np.uint8(round(float(seen.mean()))) if seen.size else np.uint8(0)
    return np.where(pixels > 0, grey, np.uint8(0))


def _film(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels[np.newaxis, np.newaxis].astype(np.float32) / np.float32(255))


def _log_odds(logits: NDArray[np.floating], label: int) -> NDArray[np.float64]:
    """Return ``ln(p / (1 - p))`` ``(N,)`` of the class ``label`` among ``logits`` ``(N, C)``."""
    others = np.delete(logits.astype(np.float64), label, axis=1)
    return np.asarray(logits[:, label] - logsumexp(others, axis=1))
