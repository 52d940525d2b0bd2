"""A trained network as files: safetensors and ONNX, the same bytes wherever they are made."""

import copy
import logging
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dicom_router.errors import ModelError
from dicom_router.model.folder import WEIGHTS, Specification
from dicom_router.model.session import open_session
from dicom_router.model.training.networks import RouterNetwork, create_network

OPSET: Final = 18
LARGEST_DIFFERENCE: Final = 1e-3  # of a logit, relative to the largest one where that exceeds 1


class _BothOutputs(nn.Module):
    """What is exported: logits and features."""

    def __init__(self, network: RouterNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.logits_and_features(pixels)


def save_weights(network: RouterNetwork, path: Path) -> None:
    """Write all parameters and running statistics as safetensors."""
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)


def load_weights(network: RouterNetwork, path: Path) -> None:
    """Fill ``network`` from a file of ``save_weights``.

    Raises:
        ModelError: the file is missing or damaged, or of another network.
    """
    try:
        network.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{path} does not hold the weights of this network: {error}") from None


def load_network(folder: Path, specification: Specification) -> RouterNetwork:
    """Build the network that ``specification`` describes, with the weights in ``folder``, in evaluation mode.

    Raises:
        ModelError: the weights are missing, damaged, or of another network.
    """
    recipe = specification["recipe"]
    network = create_network(
        specification["network"],
        int(specification["preprocessing"]["image_size"]),
        channels=recipe["channels"],
        normalisation=recipe["normalisation"],
    )
    load_weights(network, folder / WEIGHTS)
    return network.eval()


def export_onnx(network: RouterNetwork, image_size: int, path: Path) -> int:
    """Write ``network`` as ONNX and return the number of features F.

    Input ``pixels`` ``(N, 1, S, S)`` float32 in [0, 1]; outputs ``logits`` ``(N, 5)`` and
    ``features`` ``(N, F)``, float32; any N.

    Raises:
        ModelError: ONNX Runtime gives other answers than torch.
    """
    # A copy in plain layout: exporting must not depend on how the trained one lies in memory.
    plain = _BothOutputs(copy.deepcopy(network).to(memory_format=torch.contiguous_format)).eval()
    example = torch.linspace(0, 1, 2 * image_size**2).view(2, 1, image_size, image_size)
    onnx.save(strip(_to_onnx(plain, example)), path)
    with torch.no_grad():
        expected = [output.numpy() for output in plain(example)]
    check_agreement(path, example.numpy(), expected)
    return int(expected[1].shape[1])


def strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return ``model`` without source paths, stack traces, and all else that is for its makers."""
    clean = onnx.ModelProto()
    clean.CopyFrom(model)
    clean.doc_string = ""
    clean.producer_version = clean.producer_version.partition("+")[0]  # 2.15.0, whatever it was built for
    del clean.metadata_props[:]
    del clean.graph.value_info[:]
    graphs = [clean.graph, *clean.functions]
    nodes = [node for graph in graphs for node in graph.node]
    values = [*clean.graph.input, *clean.graph.output, *clean.graph.initializer]
    for part in [*graphs, *nodes, *values]:
        part.doc_string = ""
        del part.metadata_props[:]
    return clean


def check_agreement(path: Path, pixels: NDArray[np.float32], expected: list[NDArray[np.float32]]) -> None:
    """Compare ONNX Runtime's logits and features with torch's.

    Raises:
        ModelError: they differ by more than rounding.
    """
    found = open_session(path).run(["logits", "features"], {"pixels": pixels})
    for name, ours, theirs in zip(("logits", "features"), found, expected, strict=True):
        difference = float(np.abs(ours - theirs).max()) / max(1.0, float(np.abs(theirs).max()))
        if not difference <= LARGEST_DIFFERENCE:
            raise ModelError(f"the exported network's {name} differ from the trained one's by {difference:g}")


def _to_onnx(module: nn.Module, example: Tensor) -> onnx.ModelProto:
    loggers = [logging.getLogger(name) for name in ("onnxscript", "onnx_ir", "torch.onnx")]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter, about its own parts; the result is checked
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["pixels"],
            output_names=["logits", "features"],
            dynamic_shapes={"pixels": {0: torch.export.Dim("batch", min=1)}},
            verbose=False,
        )
    assert program is not None
    return program.model_proto
