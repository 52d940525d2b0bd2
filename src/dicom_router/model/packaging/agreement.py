"""Whether the exported network says what the trained one says."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from dicom_router.errors import ModelError
from dicom_router.model.network import Network
from dicom_router.model.probabilities import softmax
from dicom_router.model.training.networks import RouterNetwork

BATCH: Final = 32


@dataclass(frozen=True)
class Agreement:
    """ONNX Runtime beside PyTorch, on the calibrated probabilities of ``n`` images."""

    n: int
    split: str
    largest_difference: float  # of a probability
    same_label: float  # share of the images


def measure_agreement(
    exported: Network, trained: RouterNetwork, pixels: NDArray[np.uint8], temperature: float, split: str
) -> Agreement:
    """Compare both on ``pixels`` ``(N, S, S)`` of ``split``."""
    if not len(pixels):
        return Agreement(0, split, 0.0, 1.0)
    ours = softmax(exported.logits(pixels), temperature)
    theirs = softmax(torch_logits(trained, pixels), temperature)
    same = float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    # Two digits: the rest is rounding of this machine's arithmetic.
    return Agreement(len(pixels), split, float(f"{np.abs(ours - theirs).max():.1e}"), same)


def refuse_disagreement(agreement: Agreement, tolerance: float) -> None:
    """Stop the packaging of a network that lost something on export.

    Raises:
        ModelError: a probability differs by more than ``tolerance``.
    """
    if not agreement.largest_difference <= tolerance:
        raise ModelError(
            f"the exported network differs from the trained one by {agreement.largest_difference:g} in a probability on"
            f" the {agreement.split} images, more than package.tolerance {tolerance:g}; it is not packaged"
        )


def torch_logits(network: RouterNetwork, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what PyTorch says of ``pixels`` ``(N, S, S)``: ``(N, 5)`` float32."""
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(pixels[start : start + BATCH])[:, None].float() / 255)
            for start in range(0, len(pixels), BATCH)
        ]
    return np.asarray(torch.cat(parts).numpy())
