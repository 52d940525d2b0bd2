"""Whether the exported network says what the trained one says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, log_loss

from dicom_router.errors import ModelError
from dicom_router.labels import CLASSES
from dicom_router.model.network import Network
from dicom_router.model.probabilities import softmax
from dicom_router.model.training.networks import RouterNetwork

BATCH: Final = 32
IMPROVES_BY_FALLING: Final = ("log_loss",)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """One metric of both networks."""

    exported: float
    trained: float


@dataclass(frozen=True)
class Agreement:
    """ONNX Runtime beside PyTorch, on the calibrated probabilities of ``n`` images."""

    n: int
    split: str
    largest_difference: float  # of a probability
    same_label: float  # share of the images
    metrics: Mapping[str, Compared] = field(default_factory=dict)

    def losses(self) -> dict[str, float]:
        """Return by how much each metric of the exported network is worse; below 0, better."""
        signs = {name: 1 if name in IMPROVES_BY_FALLING else -1 for name in self.metrics}
        return {name: signs[name] * (both.exported - both.trained) for name, both in self.metrics.items()}


def measure_agreement(
    exported: Network,
    trained: RouterNetwork,
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    temperature: float,
    split: str,
) -> Agreement:
    """Compare both on ``pixels`` ``(N, S, S)`` with ``labels`` ``(N,)``, places in ``CLASSES``, of ``split``."""
    if not len(pixels):
        return Agreement(0, split, 0.0, 1.0)
    ours = softmax(exported.logits(pixels), temperature)
    theirs = softmax(torch_logits(trained, pixels), temperature)
    same = float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    metrics = {
        name: Compared(value, metrics_of(labels, theirs)[name]) for name, value in metrics_of(labels, ours).items()
    }
    # Two digits: the rest is rounding of this machine's arithmetic.
    return Agreement(len(pixels), split, float(f"{np.abs(ours - theirs).max():.1e}"), same, metrics)


def metrics_of(labels: NDArray[np.int64], probabilities: Floats) -> dict[str, float]:
    """Return accuracy, macro F1 over the classes that occur, and log-loss, to five digits."""
    predicted = probabilities.argmax(axis=1)
    values = {
        "accuracy": accuracy_score(labels, predicted),
        "macro_f1": f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0),
        "log_loss": log_loss(labels, probabilities, labels=range(len(CLASSES))),
    }
    return {name: round(float(value), 5) for name, value in values.items()}


def refuse_disagreement(agreement: Agreement, tolerance: float) -> None:
    """Stop the packaging of a network that lost something on export.

    Raises:
        ModelError: a probability differs by more than ``tolerance``, or a metric is worse by more than that.
    """
    if not agreement.largest_difference <= tolerance:
        raise ModelError(
            f"the exported network differs from the trained one by {agreement.largest_difference:g} in a probability on"
            f" the {agreement.split} images, more than package.tolerance {tolerance:g}; it is not packaged"
        )
    for name, loss in agreement.losses().items():
        if not loss <= tolerance:
            both = agreement.metrics[name]
            raise ModelError(
                f"the exported network's {name} on the {agreement.split} images is {both.exported:g}, the trained one's"
                f" {both.trained:g}: worse by more than package.tolerance {tolerance:g}; it is not packaged"
            )


def torch_logits(network: RouterNetwork, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what PyTorch says of ``pixels`` ``(N, S, S)``: ``(N, 5)`` float32."""
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(pixels[start : start + BATCH])[:, None].float() / 255)
            for start in range(0, len(pixels), BATCH)
        ]
    return np.asarray(torch.cat(parts).numpy())
