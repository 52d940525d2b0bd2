"""What the paper reports of its best network, to set the figures beside.

Pham, Do, Nguyen, "DICOM Imaging Router", arXiv 2108.06490: MobileNet-V1 on 2,419 test images of
VinDr-BodyPartXR, macro averages with 95% intervals (abstract).
"""

from typing import Any, Final

SOURCE: Final = "Pham, Do, Nguyen, arXiv 2108.06490: MobileNet-V1, 2,419 test films"
MACRO: Final[dict[str, dict[str, Any]]] = {
    "recall": {"value": 0.982, "low": 0.977, "high": 0.988},
    "precision": {"value": 0.985, "low": 0.975, "high": 0.989},
    "f1": {"value": 0.981, "low": 0.976, "high": 0.987},
}

# The table of the official README, captioned "validation set", by timm name: recall, precision, F1 with 95% intervals.
# The interval of MobileNet-V2's recall is misprinted there.
TABLE_SOURCE: Final = "Pham, Do, Nguyen: README of the released code, macro averages on its validation set"
TABLE: Final[dict[str, dict[str, tuple[float, float | None, float | None]]]] = {
    "mobilenetv1_100": {
        "recall": (0.982, 0.975, 0.987),
        "precision": (0.981, 0.975, 0.987),
        "f1": (0.981, 0.975, 0.987),
    },
    "mobilenetv2_100": {"recall": (0.967, None, None), "precision": (0.979, 0.974, 0.985), "f1": (0.972, 0.965, 0.980)},
    "resnet18": {"recall": (0.923, 0.909, 0.937), "precision": (0.939, 0.927, 0.951), "f1": (0.930, 0.917, 0.942)},
    "resnet34": {"recall": (0.923, 0.909, 0.937), "precision": (0.935, 0.923, 0.948), "f1": (0.929, 0.916, 0.941)},
    "efficientnet_b0": {
        "recall": (0.975, 0.968, 0.981),
        "precision": (0.980, 0.975, 0.986),
        "f1": (0.977, 0.971, 0.983),
    },
    "efficientnet_b1": {
        "recall": (0.969, 0.961, 0.977),
        "precision": (0.977, 0.971, 0.983),
        "f1": (0.973, 0.966, 0.980),
    },
    "efficientnet_b2": {
        "recall": (0.973, 0.965, 0.980),
        "precision": (0.977, 0.972, 0.984),
        "f1": (0.975, 0.969, 0.982),
    },
}
SECONDS_PER_IMAGE: Final = 0.0295  # of MobileNet-V1; on which device the abstract does not say
DEFECTIVE: Final = ("resnet18", "resnet34")  # the released block throws its convolutions away
