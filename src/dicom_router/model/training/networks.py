"""Any timm network as a router: grey pixels in [0, 1] in, logits and features out."""

import difflib
from typing import Any, Final

import timm
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from dicom_router.errors import ParameterError
from dicom_router.labels import CLASSES
from dicom_router.model.training.weights import RANDOM, check_taken, timm_options

# Mean and standard deviation, part of the graph. Films have no ImageNet statistics: "centred" brings [0, 1] to about
# [-2, 2]; weights that saw ImageNet expect its own, whose grey is "imagenet".
NORMALISATIONS: Final = {"centred": (0.5, 0.25), "imagenet": (0.449, 0.226), "none": (0.0, 1.0)}
BLOCK: Final = 16  # channels that oneDNN takes at once with AVX-512


class RouterNetwork(nn.Module):
    """Normalises, then asks a timm network; what it takes and gives is the same for every architecture."""

    def __init__(self, backbone: nn.Module, channels: int = 1, normalisation: str = "centred") -> None:
        super().__init__()
        self.backbone = backbone
        self.channels = channels
        self.mean, self.std = NORMALISATIONS[normalisation]

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits ``(N, 5)`` of ``pixels`` ``(N, 1, S, S)`` float in [0, 1]."""
        logits: Tensor = self.backbone(self._normalised(pixels))
        return logits

    def logits_and_features(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``(N, 5)`` and what the last layer sees, ``(N, F)``."""
        backbone: Any = self.backbone  # timm's two methods are no part of nn.Module
        maps = backbone.forward_features(self._normalised(pixels))
        # The head is computed twice here and shared by the runtime; asking timm for both keeps every network right.
        logits, features = backbone.forward_head(maps), backbone.forward_head(maps, pre_logits=True)
        return logits, features.flatten(1)

    def _normalised(self, pixels: Tensor) -> Tensor:
        """Return what the backbone takes, ``(N, channels, S, S)``."""
        grey = (pixels - self.mean) / self.std
        return grey if self.channels == 1 else grey.expand(-1, self.channels, -1, -1)


def create_network(
    name: str, image_size: int, *, weights: str = RANDOM, channels: int = 1, normalisation: str = "centred"
) -> RouterNetwork:
    """Return the timm network ``name``; what ``weights`` does not give is drawn from torch's current random state.

    Raises:
        ParameterError: timm has no such network, it cannot take an image of this size, or the weights are not to be
            had or of another network.
    """
    check_known(name)
    start = timm_options(weights)
    try:
        network = RouterNetwork(_build(name, image_size, in_chans=channels, **start), channels, normalisation)
        check_taken(network, start)
        _start_undecided(network)
        _check(network, image_size)
    except (RuntimeError, TypeError, ValueError, AssertionError, AttributeError, SafetensorError) as error:
        message = str(error).strip().partition("\n")[0]
        begun, other = (f" from {weights}", ", or other train.weights") if start else ("", "")
        raise ParameterError(
            f"train.network {name!r} cannot be used{begun} on one grey image of {image_size} x {image_size} pixels"
            f" ({message}); choose another network or preprocess.image_size{other}"
        ) from error
    return network.to(memory_format=_layout(network))


def check_known(name: str) -> None:
    """Do nothing where timm has the network ``name``.

    Raises:
        ParameterError: it has not.
    """
    if not timm.is_model(name):
        raise ParameterError(f"train.network is {name!r}, which timm does not have; {_suggestion(name)}")


def parameter_count(network: nn.Module) -> int:
    """Return how many numbers are learnt."""
    return sum(parameter.numel() for parameter in network.parameters())


def _build(name: str, image_size: int, **options: Any) -> nn.Module:  # noqa: ANN401  (timm's own)
    """Build for ``image_size`` where the architecture asks for it, as vision transformers do."""
    try:
        return timm.create_model(name, num_classes=len(CLASSES), img_size=image_size, **options)
    except TypeError:  # it has no such argument: it takes any size
        return timm.create_model(name, num_classes=len(CLASSES), **options)


def _layout(network: nn.Module) -> torch.memory_format:
    """Return channels-last, the faster layout on CPU and GPU, except where oneDNN then writes outside its memory.

    So it does in the gradient of a 1 x 1 convolution that takes steps and fewer than 16 channels (oneDNN issue 6035;
    seen with oneDNN 3.13): the gradient is wrong, or the process dies.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    steps = [layer for layer in layers if max(layer.kernel_size) == 1 and max(layer.stride) > 1]
    narrow = any(1 < layer.in_channels // layer.groups < BLOCK for layer in steps)
    return torch.contiguous_format if narrow else torch.channels_last


def _start_undecided(network: RouterNetwork) -> None:
    """Draw small weights for the last layer, so that training begins at equal probabilities.

    timm's rule for the MobileNet and EfficientNet families divides by the number of classes: with
    five, the first logits are in the tens and the first epochs are spent on unlearning them.
    """
    backbone: Any = network.backbone
    classifier = backbone.get_classifier()
    for layer in classifier.modules() if isinstance(classifier, nn.Module) else ():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _check(network: RouterNetwork, image_size: int) -> None:
    """Run one black image through, without touching the running statistics."""
    network.eval()
    with torch.no_grad():
        logits, features = network.logits_and_features(torch.zeros(1, 1, image_size, image_size))
    network.train()
    if logits.shape != (1, len(CLASSES)) or features.shape[0] != 1:
        raise ValueError(f"it answers with shape {tuple(logits.shape)}, not (1, {len(CLASSES)})")


def _suggestion(name: str) -> str:
    """Return near names, or where to look."""
    known = timm.list_models()
    near = difflib.get_close_matches(name, known, n=5, cutoff=0.5) or timm.list_models(f"*{name}*")[:5]
    return f"near names: {', '.join(near)}" if near else "`timm.list_models()` lists what there is"
