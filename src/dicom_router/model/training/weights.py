"""What a training starts from: random numbers, or weights that others trained. Safetensors only, so no pickle."""

from pathlib import Path
from typing import Any, Final

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HFValidationError
from safetensors.torch import load_file
from torch import Tensor, nn

from dicom_router.errors import ParameterError

RANDOM: Final = "random"
SUFFIX: Final = ".safetensors"
IN_HUB: Final = "model.safetensors"  # what timm calls it there


def timm_options(weights: str) -> dict[str, Any]:
    """Return what ``timm.create_model`` takes to start from ``weights``.

    timm sums the first layer over the colours where the network takes one channel, and draws a new last layer.

    Raises:
        ParameterError: the file is not there, or the hub does not give it.
    """
    if weights == RANDOM:
        return {}
    place = _file(weights) if weights.endswith(SUFFIX) else _from_hub(weights)
    return {"pretrained": True, "pretrained_cfg_overlay": {"file": str(place), "source": "", "custom_load": False}}


def check_taken(network: nn.Module, options: dict[str, Any]) -> None:
    """Hold ``network`` to the file that it was to start from: timm passes over what it does not find there.

    Raises:
        ValueError: most of its parameters are not in the file.
    """
    if not options:
        return
    given = [tensor.float() for tensor in load_file(options["pretrained_cfg_overlay"]["file"]).values()]
    parameters = list(network.parameters())
    taken = sum(any(_same(parameter, tensor) for tensor in given) for parameter in parameters)
    if taken < len(parameters) / 2:
        raise ValueError(f"the file gives {taken} of {len(parameters)} parameters: it is of another network")


def _same(parameter: Tensor, tensor: Tensor) -> bool:
    return parameter.shape == tensor.shape and torch.equal(parameter, tensor)


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise ParameterError(
            f"train.weights is {name!r}, and there is no such file; name a {SUFFIX} file of the same timm network,"
            f" a name of timm's hub, or {RANDOM}"
        )
    return path


def _from_hub(name: str) -> Path:
    """Return the file of ``OWNER/NAME`` or ``OWNER/NAME@REVISION``, from the hub or an earlier time's cache."""
    repository, _, revision = name.partition("@")
    try:
        return Path(hf_hub_download(repository, IN_HUB, revision=revision or None))
    except (OSError, HFValidationError) as error:  # every failure of the hub's is one of the two
        reason = str(error).strip().partition("\n")[0]
        raise ParameterError(
            f"train.weights is {name!r}, which is neither a {SUFFIX} file nor to be had from the hub ({reason})."
            f" On a machine without a network, or where HF_HUB_OFFLINE is set, fetch {IN_HUB} of"
            f" {repository} elsewhere and name that file; {RANDOM} trains without it"
        ) from None
