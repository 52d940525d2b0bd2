"""A network that does not fit into memory, in this process and in those that it starts."""

from typing import Any

import timm
import torch
from timm.models import register_model
from torch import Tensor, nn

from dicom_router.model.training.history import EpochRecord

MORE_THAN_THERE_IS = 2**60  # bytes


class Greedy(nn.Module):
    """A network that asks for more memory than there is when it trains on more than ``fit`` images at a time."""

    fit = 4
    calls = 0
    fits_for = 0  # calls that have all the memory they want
    kind = "test_resnet"

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.inner = timm.create_model(Greedy.kind, **options)

    def forward(self, pixels: Tensor) -> Tensor:
        """Answer, if there is memory."""
        Greedy.calls += self.training
        if self.training and len(pixels) > Greedy.fit and Greedy.calls > Greedy.fits_for:
            torch.empty(MORE_THAN_THERE_IS, dtype=torch.uint8)  # the allocator's own error
        return self.inner(pixels)

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Return the inner network's."""
        return self.inner.forward_features(pixels)

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        """Return the inner network's."""
        return self.inner.forward_head(maps, pre_logits=pre_logits)

    def get_classifier(self) -> nn.Module:
        """Return the inner network's."""
        return self.inner.get_classifier()


@register_model
def router_greedy(pretrained: bool = False, **options: Any) -> nn.Module:
    """Return a greedy network, by timm's name router_greedy."""
    return Greedy(**{name: options[name] for name in ("in_chans", "num_classes", "img_size") if name in options})


def say_nothing(word: str, record: EpochRecord) -> None:
    """Say nothing of an epoch; a process that is told to do so knows the network."""
