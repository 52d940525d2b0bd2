"""The networks that are compared: the paper's seven, and what a practitioner would add today. Any timm name trains."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Entry:
    """A network that is known to train, to export and to answer in ONNX Runtime as it does in torch."""

    name: str  # of timm
    title: str
    year: int


PAPER: Final = (
    Entry("mobilenetv1_100", "MobileNet-V1", 2017),
    Entry("mobilenetv2_100", "MobileNet-V2", 2018),
    Entry("resnet18", "ResNet-18", 2015),
    Entry("resnet34", "ResNet-34", 2015),
    Entry("efficientnet_b0", "EfficientNet-B0", 2019),
    Entry("efficientnet_b1", "EfficientNet-B1", 2019),
    Entry("efficientnet_b2", "EfficientNet-B2", 2019),
)
MODERN: Final = (
    Entry("mobilenetv4_conv_small", "MobileNetV4, convolutions, small", 2024),
    Entry("convnext_atto", "ConvNeXt, atto", 2022),
    Entry("tf_efficientnetv2_b0", "EfficientNetV2-B0", 2021),
    Entry("vit_tiny_patch16_224", "ViT, tiny", 2020),
    Entry("fastvit_t8", "FastViT-T8, a hybrid", 2023),
)
GROUPS: Final = {"paper": PAPER, "modern": MODERN, "all": (*PAPER, *MODERN)}
TITLES: Final = {entry.name: entry.title for entry in GROUPS["all"]}
