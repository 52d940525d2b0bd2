"""A trained network's folder: what the train stage writes and the later stages read."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from dicom_router.labels import CLASSES
from dicom_router.model.folder import FORMAT, GRAPH, NETWORK, WEIGHTS, Specification, file_digests, to_json
from dicom_router.model.training.export import export_onnx, load_weights, save_weights
from dicom_router.model.training.fitting import Fitted
from dicom_router.model.training.lesson import EpochRecord
from dicom_router.model.training.networks import MEAN, STD, RouterNetwork, create_network, parameter_count
from dicom_router.model.training.recipe import Recipe

HISTORY: Final = "history.csv"


def save_network(
    folder: Path, fitted: Fitted, recipe: Recipe, preprocessing: Mapping[str, Any], synthetic: bool
) -> None:
    """Write weights, ONNX graph, specification and history of a trained network into the new ``folder``.

    Raises:
        ModelError: the exported graph answers otherwise than the network.
    """
    folder.mkdir(parents=True)
    save_weights(fitted.network, folder / WEIGHTS)
    num_features = export_onnx(fitted.network, int(preprocessing["image_size"]), folder / GRAPH)
    specification = {
        "format": FORMAT,
        "network": recipe.network,
        "classes": list(CLASSES),
        "num_features": num_features,
        "parameters": parameter_count(fitted.network),
        "preprocessing": dict(preprocessing),
        "normalisation": {"mean": MEAN, "std": STD, "inside_graph": True},
        "synthetic": synthetic,
        "best_epoch": fitted.best.epoch,
        "epochs": len(fitted.history),
        "validation_macro_f1": fitted.best.validation_macro_f1,
        "recipe": asdict(recipe),
        "files": file_digests(folder, [WEIGHTS, GRAPH]),
    }
    (folder / NETWORK).write_bytes(to_json(specification))
    (folder / HISTORY).write_bytes(history_csv(fitted.history))


def history_csv(history: tuple[EpochRecord, ...]) -> bytes:
    """Return one line per epoch; figures that do not exist are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(record) for record in history)
    return text.getvalue().encode()


def load_network(folder: Path, specification: Specification) -> RouterNetwork:
    """Build the network that ``specification`` describes, with the weights in ``folder``, in evaluation mode.

    Raises:
        ModelError: the weights are missing, damaged, or of another network.
    """
    network = create_network(specification["network"], int(specification["preprocessing"]["image_size"]))
    load_weights(network, folder / WEIGHTS)
    return network.eval()
