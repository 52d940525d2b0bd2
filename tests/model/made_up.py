"""Made-up images, films and figures for a network small enough to be trained in a test."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicom_router.labels import CLASSES
from dicom_router.model.training.batches import Images
from dicom_router.model.training.recipe import Augmentation, Recipe

SIZE = 32
STILL = Augmentation(
    flip=0, rotation=0, rotation_from=0, shift=0, scale=0, gain=0, contrast=0, gamma=0, invert=0, quarter_turn=0
)
LIVELY = Augmentation(
    flip=0.5,
    rotation=10,
    rotation_from=0,
    shift=0.05,
    scale=0.1,
    gain=0.1,
    contrast=0.2,
    gamma=0.2,
    invert=0.1,
    quarter_turn=0.0,
)
RECIPE = Recipe(
    network="test_resnet",
    weights="random",
    channels=1,
    normalisation="centred",
    epochs=3,
    batch_size=8,
    optimizer="adamw",
    learning_rate=3e-3,
    weight_decay=0.01,
    decayed="weights",
    schedule="one_cycle",
    warmup=0.3,
    balance="class_weights",
    label_smoothing=0.05,
    select="macro_f1",
    patience=10,
    gradient_clip=1.0,
    gradient_clip_by="norm",
    ema_decay=0.9,
    seed=7,
    threads=1,
    accelerator="cpu",
    devices=1,
    compile=False,
    precision="32-true",
    augmentation=LIVELY,
)


def made_up_images(count: int, size: int = SIZE, seed: int = 0) -> Images:
    """Return images whose class is the height of a bright band; the classes take turns."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    pixels = rng.integers(1, 80, (count, size, size), dtype=np.uint8)
    band = size // len(CLASSES)
    for image, label in zip(pixels, labels, strict=True):
        image[label * band : (label + 1) * band] += 150
    return Images(pixels, np.arange(count), labels)


def band_pixels(label: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return one ``(SIZE, SIZE)`` image of the class ``label``."""
    return made_up_images(5, seed=seed).pixels[label]


def figure(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def robustness(missed: bool = False) -> dict[str, Any]:
    """Return what the card reads of ``reports/robustness.json``."""
    return {
        "n": 20,
        "target": 0.95,
        "worst": "inverted",
        "missed": ["inverted"] if missed else [],
        "ways": {"inverted": {"title": "Inverted grey", "safe": figure(0.9 if missed else 0.97)}},
    }


def evaluation(n: int) -> dict[str, Any]:
    """Return a document as the evaluate stage writes it, with made-up figures."""
    trio = {name: figure(0.9) for name in ("recall", "precision", "f1")}
    overall = {name: figure(0.5) for name in ("accuracy", "log_loss", "brier", "ece")}
    return {
        "n": n,
        "patients": n,
        "macro": trio,
        "classes": {name: {"n": n // 5, **trio} for name in CLASSES},
        "subgroups": {"site": {"a": {"n": 50, "accuracy": figure(0.8)}, "b": {"n": 3, "accuracy": figure(0.1)}}},
        "before_calibration": {name: figure(0.5) for name in ("log_loss", "brier", "ece")},
        "routing": {
            "guarantee": {"statement": "guarantee not met: certified only at 12.0% (asked for 0.50%)"},
            "share_routed": figure(0.8),
            "error_among_routed": figure(0.02),
            "patients": {"routed": 40, "error": figure(0.03)},
            "outlier_share": figure(0.01),
        },
        "method": {"interval": "percentile bootstrap", "unit": "patient", "confidence": 0.95, "resamples": 1000},
        **overall,
    }
