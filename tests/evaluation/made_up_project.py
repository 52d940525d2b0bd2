"""A made-up project: the files that all stages before the report leave, with believable figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from evaluation.made_up import made_up_table, with_made_up_decisions
from model.rules import thresholds

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.difference import difference
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.perturbing import WAYS
from dicom_router.evaluation.predictions import PROBABILITIES, Predictions, Scored, predictions_table
from dicom_router.evaluation.robustness import robustness_document, shown_film
from dicom_router.evaluation.routing import routing_document
from dicom_router.evaluation.writing import write_evaluation, write_routing
from dicom_router.labels import CLASSES
from dicom_router.model.answers import guarantee_of
from dicom_router.model.folder import to_json

SETTINGS = Bootstrap(resamples=200, confidence=0.95, minimum_patients=20, seed=1337)
SIZE = 64
EXPECTATIONS = [
    ("label_in_vocabulary", "every label is one of the five groups", "critical", True, "1,203 of 1,203", 0),
    ("no_duplicate_pixels", "no two images have the same pixels", "critical", True, "0 pairs", 0),
    ("age_fits_label", "nobody under 18 is labelled adult_chest", "warning", False, "2 of 361 images <odd>", 2),
    ("bits_stored", "10 to 16 bits are stored", "info", True, "10, 12, 14, 16", 0),
]  # fmt: skip


def write_project(root: Path, synthetic: bool = True, test: int = 360, external: int = 220) -> None:
    """Write everything that the report reads into the folder ``root``."""
    tables = {
        "test": made_up_table(test, patients=290, seed=4, sharpness=3.0),
        "external": made_up_table(external, patients=170, seed=5, sharpness=2.2).assign(cohort="external", site="west"),
    }
    tables["external"]["path"] = [f"images/west/{number:05d}.dcm" for number in range(external)]
    _write_pixels(root / "artifacts" / "pixels", tables)
    _write_evaluations(root / "reports", tables, synthetic)
    _write_robustness(root / "reports", tables["test"])
    documents = {
        "validation.json": validation(test + external, synthetic),
        "splits.json": splits(tables),
        "network/network.json": network(synthetic),
        "calibration/calibration.json": {"temperature": 1.31, "reason": "", "n": 118, "thresholds": thresholds()},
    }
    for name, document in documents.items():
        (root / "artifacts" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "artifacts" / name).write_bytes(to_json(document))
    history().to_csv(root / "artifacts" / "network" / "history.csv", index=False)


def validation(accepted: int, synthetic: bool) -> dict[str, Any]:
    keys = ("name", "title", "severity", "success", "observed", "unexpected_count")
    expectations = [
        dict(zip(keys, each, strict=True))
        | {
            "detail": f"accepted: as {each[0]} says. Look at them.",
            "unexpected": [f"images/odd{n}.dcm" for n in range(each[5])],
        }
        for each in EXPECTATIONS
    ]
    return {
        "synthetic": synthetic,
        "images": accepted + 4,
        "accepted": accepted,
        "quarantined": 4,
        "reasons": {"truncated": 3, "duplicate": 1},
        "expectations": expectations,
    }


def splits(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    counts = {
        side: {name: {"images": 100, "patients": 80} for name in CLASSES}
        for side in ("train", "validation", "calibration")
    }
    for side, table in tables.items():
        parts = {name: table[table["label"] == name] for name in CLASSES}
        counts[side] = {
            name: {"images": len(part), "patients": part["patient_id"].nunique()} for name, part in parts.items()
        }
    for side in counts.values():
        side["all"] = {key: sum(each[key] for each in side.values()) for key in ("images", "patients")}
    return counts


def network(synthetic: bool) -> dict[str, Any]:
    return {
        "network": "mobilenetv4_conv_small",
        "parameters": 2_500_000,
        "preprocessing": {"image_size": 224, "fit": "letterbox"},
        "synthetic": synthetic,
        "best_epoch": 12,
        "epochs": 16,
        "recipe": {"network": "mobilenetv4_conv_small", "epochs": 16, "augmentation": {"flip": 0.5, "rotation": 10.0}},
        "files": {"network.onnx": "ab" * 32, "weights.safetensors": "cd" * 32},
    }


def history() -> pd.DataFrame:
    epoch = np.arange(1, 17)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "train_loss": 0.25 + 1.4 * np.exp(-epoch / 3),
            "validation_loss": 0.33 + 1.3 * np.exp(-epoch / 3) + 0.02 * np.sin(epoch),
            "validation_macro_f1": 0.96 - 0.6 * np.exp(-epoch / 3) - 0.01 * (epoch != 12),
            "validation_accuracy": 0.965 - 0.55 * np.exp(-epoch / 3) - 0.01 * (epoch != 12),
            "learning_rate": 0.001,
        }
    )


def _write_pixels(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write a cache of blurred blobs, one an image."""
    folder.mkdir(parents=True)
    index = pd.concat([table.assign(split=side) for side, table in tables.items()], ignore_index=True)
    generator = np.random.default_rng(1)
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    width, height = generator.uniform(0.3, 0.7, (2, len(index), 1, 1))
    body = 220 * np.exp(-((x / width) ** 4) - (y / height) ** 4) + generator.normal(0, 6, (len(index), SIZE, SIZE))
    np.save(folder / "pixels.npy", body.clip(0, 255).astype(np.uint8))
    index[["path", "label", "patient_id", "site", "cohort", "split"]].to_parquet(folder / "index.parquet", index=False)
    (folder / "specification.json").write_bytes(to_json({"image_size": SIZE, "fit": "letterbox"}))


def _write_evaluations(reports: Path, tables: dict[str, pd.DataFrame], synthetic: bool) -> None:
    predictions = {name: Predictions.from_table(table) for name, table in tables.items()}
    for name, table in tables.items():
        scored = Scored(table, sharpened(table), synthetic)
        document = evaluation_document(scored, SETTINGS)
        table = with_made_up_decisions(table)
        document["routing"] = routing_document(table, guarantee_of({"thresholds": thresholds()}), SETTINGS)
        write_routing(reports, name, table, SETTINGS)
        if name == "external":
            document["difference"] = difference(predictions["external"], predictions["test"], SETTINGS)
        write_evaluation(reports, name, scored, document)


def _write_robustness(reports: Path, table: pd.DataFrame) -> None:
    """Write figures of a model that is never sure, but of negatives, which it routes whatever they are."""
    unsure = with_made_up_decisions(table, strictness=1000)
    tables = {way.name: unsure for way in WAYS}
    tables["inverted"] = unsure.assign(decision="route", reasons="")
    document = robustness_document(tables, len(table), 0.95, SETTINGS)
    document["shown"] = shown_film(tables, document["worst"])
    (reports / "robustness").mkdir()
    np.save(reports / "robustness" / "film.npy", np.full((len(WAYS) * (len(table) > 0), SIZE, SIZE), 90, np.uint8))
    (reports / "robustness.json").write_bytes(to_json(document))


def sharpened(table: pd.DataFrame, temperature: float = 1.8) -> Predictions:
    """Return predictions that are too sure, as before calibration."""
    raw = table[list(PROBABILITIES)].to_numpy(np.float64) ** temperature
    raw /= raw.sum(axis=1, keepdims=True)
    return Predictions.from_table(predictions_table(table.drop(columns=list(PROBABILITIES)), raw))
