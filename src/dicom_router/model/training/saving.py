"""A trained network's folder, as the train stage writes it for the later stages."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dicom_router.labels import CLASSES
from dicom_router.model.folder import FORMAT, GRAPH, NETWORK, WEIGHTS, file_digests, to_json
from dicom_router.model.training.export import export_onnx, save_weights
from dicom_router.model.training.fitting import Fitted
from dicom_router.model.training.history import HISTORY, history_csv
from dicom_router.model.training.networks import parameter_count
from dicom_router.model.training.recipe import Recipe


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
        "normalisation": {"mean": fitted.network.mean, "std": fitted.network.std, "inside_graph": True},
        "synthetic": synthetic,
        "best_epoch": fitted.best.epoch,
        "epochs": len(fitted.history),
        "validation_macro_f1": fitted.best.validation_macro_f1,
        "recipe": asdict(recipe),
        "files": file_digests(folder, [WEIGHTS, GRAPH]),
    }
    (folder / NETWORK).write_bytes(to_json(specification))
    (folder / HISTORY).write_bytes(history_csv(fitted.history))
