"""Temperature scaling: one number that makes probabilities mean what they say, and changes no label.

Guo et al. 2017, ICML, section 4.2. The log-loss is convex in 1/T, so a bounded search in one dimension
finds its minimum; scikit-learn's ``CalibratedClassifierCV(method="temperature")`` minimises the same.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from dicom_router.model.probabilities import softmax

LOWEST: Final = 0.1
HIGHEST: Final = 10.0


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by; ``reason`` says why it stayed 1, or why not to trust it."""

    value: float
    reason: str | None = None


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64], minimum_images: int) -> Temperature:
    """Return the temperature with the lowest log-loss on ``logits`` ``(N, 5)`` and ``labels`` ``(N,)``."""
    reason = _why_not(logits, labels, minimum_images)
    if reason:
        return Temperature(1.0, reason)

    def loss(inverse: float) -> float:
        return log_loss(logits, labels, 1 / inverse)

    found = minimize_scalar(loss, bounds=(1 / HIGHEST, 1 / LOWEST), method="bounded", options={"xatol": 1e-9})
    # Six digits are more than any split can tell apart.
    value = round(float(1 / found.x), 6)
    if log_loss(logits, labels, value) >= log_loss(logits, labels, 1.0):
        return Temperature(1.0, "no other temperature has a lower log-loss")
    if not LOWEST * 1.01 < value < HIGHEST * 0.99:
        return Temperature(value, f"at the end of the range {LOWEST:g} to {HIGHEST:g}: these images fit no temperature")
    return Temperature(value)


def log_loss(logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: float) -> float:
    """Return the mean of ``-ln p(true class)`` at ``temperature``."""
    probabilities = softmax(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)).mean())


def _why_not(logits: NDArray[np.float32], labels: NDArray[np.int64], minimum_images: int) -> str | None:
    """Return why no temperature can be learnt from these images, or None."""
    if len(labels) < minimum_images:
        return f"{len(labels)} calibration image(s) are too few: calibrate.minimum_images is {minimum_images}"
    if len(np.unique(labels)) < 2:
        return "all calibration images are of one class"
    if (logits.argmax(axis=1) == labels).all():
        return f"all {len(labels)} calibration images are classified rightly: they do not show how sure is too sure"
    return None
