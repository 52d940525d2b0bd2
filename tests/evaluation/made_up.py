"""Predictions made up for the tests of figures."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from model.rules import COSTS, features, thresholds, write_statistics

from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.evaluation.predictions import PROBABILITIES, Predictions, predictions_table
from dicom_router.evaluation.routing import with_decisions
from dicom_router.labels import CLASSES
from dicom_router.model.decision import Rule, cost_matrix
from dicom_router.model.folder import FORMAT, GRAPH, NETWORK, file_digests, to_json


def made_up_table(n: int = 600, patients: int = 400, seed: int = 0, sharpness: float = 3.0) -> pd.DataFrame:
    """Return a predictions table: patients of one class with a few images each, most of them right."""
    generator = np.random.default_rng(seed)
    patient = generator.integers(patients, size=n)
    classes_of_patients = generator.choice(len(CLASSES), size=patients, p=[0.15, 0.3, 0.2, 0.15, 0.2])
    labels = classes_of_patients[patient]
    logits = generator.normal(size=(n, len(CLASSES)))
    logits[np.arange(n), labels] += sharpness
    odds = np.exp(sharpness * logits)  # what a calibrated network would say
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    age = np.where(labels == 2, generator.uniform(0, 18, n), generator.uniform(10, 90, n))
    index = pd.DataFrame(
        {
            "path": [f"images/{number:05d}.dcm" for number in range(n)],
            "label": np.array(CLASSES)[labels],
            "patient_id": [f"P{number:05d}" for number in patient],
            "site": generator.choice(["north", "south"], n),
            "cohort": "internal",
            "age_years": np.where(generator.random(n) < 0.1, np.nan, age),
            "sex": generator.choice(["F", "M", ""], n),
            "view": generator.choice(["AP", "PA", "LATERAL"], n),
            "Manufacturer": generator.choice(["Maker A", "Maker B"], n),
        }
    )
    return predictions_table(index, probabilities)


def with_made_up_decisions(table: pd.DataFrame, strictness: float = 1.0, limit: float = 0.98) -> pd.DataFrame:
    """Return the table as evaluated, with uniform outlier scores."""
    rule = Rule(cost_matrix(COSTS), strictness, limit)
    logits = np.log(table[list(PROBABILITIES)].to_numpy(np.float64).clip(1e-30))
    return with_decisions(table, rule, logits, np.random.default_rng(3).random(len(table)))


def certain(labels: list[int], predicted: list[int], patients: list[int] | None = None) -> Predictions:
    """Return predictions with probability 0.9 for ``predicted`` and the rest shared."""
    probabilities = np.full((len(labels), len(CLASSES)), 0.025)
    probabilities[np.arange(len(labels)), predicted] = 0.9
    owners = patients if patients is not None else list(range(len(labels)))
    return Predictions(np.array(labels, np.int64), probabilities, np.array(owners, np.int64))


def write_artifacts(folder: Path, test: int, external: int, size: int = 32) -> None:
    """Write what the stages before ``evaluate`` leave, with a network that reads a class painted into the image.

    Class k is a bright block at place k of the first row; one image in ten shows the next class.
    """
    table = _painted_index(test, external)
    painted = table.pop("painted").to_numpy()
    pixels = np.zeros((len(table), size, size), np.uint8)
    pixels[np.arange(len(table)), 0, painted] = 200
    for name in ("pixels", "network", "calibration"):
        (folder / name).mkdir(parents=True)
    np.save(folder / "pixels" / "pixels.npy", pixels)
    table.to_parquet(folder / "pixels" / "index.parquet", index=False)
    specification = PreprocessingSpec(image_size=size, fit="letterbox").to_dict()
    (folder / "pixels" / "specification.json").write_bytes(to_json(specification))
    calibration = {"temperature": 2.5, "n": 30, "thresholds": thresholds(2.5), "features": features()}
    (folder / "calibration" / "calibration.json").write_bytes(to_json(calibration))
    write_statistics(folder / "calibration", size * size)
    write_network(folder / "network", specification, size)


def _painted_index(test: int, external: int) -> pd.DataFrame:
    n = test + external
    labels = np.arange(n) % len(CLASSES)
    return pd.DataFrame(
        {
            "path": [f"images/{number:05d}.dcm" for number in reversed(range(n))],
            "label": np.array(CLASSES)[labels],
            "patient_id": [f"P{number // 2:05d}" for number in range(n)],
            "site": "north",
            "cohort": ["internal"] * test + ["external"] * external,
            "split": ["test"] * test + ["external"] * external,
            "painted": np.where(np.arange(n) % 10 == 0, (labels + 1) % len(CLASSES), labels),
        }
    )


def write_network(folder: Path, specification: dict[str, Any], size: int, blind_to: int | None = None) -> None:
    """Write an ONNX graph whose logits are 20 times the first five pixels; ``blind_to`` is taken for the next class."""
    weights = np.zeros((size * size, len(CLASSES)), np.float32)
    weights[: len(CLASSES)] = 20 * np.eye(len(CLASSES))
    if blind_to is not None:
        weights[blind_to] = np.roll(weights[blind_to], 1)
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Flatten", ["pixels"], ["features"]),
            onnx.helper.make_node("MatMul", ["features", "weights"], ["logits"]),
        ],
        "painted",
        [value("pixels", onnx.TensorProto.FLOAT, ["N", 1, size, size])],
        [
            value("logits", onnx.TensorProto.FLOAT, ["N", len(CLASSES)]),
            value("features", onnx.TensorProto.FLOAT, ["N", size * size]),
        ],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, folder / GRAPH)
    network = {
        "format": FORMAT,
        "network": "painted",
        "classes": list(CLASSES),
        "num_features": size * size,
        "parameters": weights.size,
        "preprocessing": specification,
        "synthetic": True,
        "files": file_digests(folder, [GRAPH]),
    }
    (folder / NETWORK).write_bytes(to_json(network))
