"""A project as the pipeline leaves it, made up in a second: films, a network that reads what is painted, reports."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from conftest import ROOT
from evaluation.made_up import write_network
from model.films import write_film
from model.made_up import robustness
from model.rules import features, thresholds, write_statistics
from ruamel.yaml import YAML

from dicom_router.dataset.table import Origin, write_origin
from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.difference import difference
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.reading import read_json
from dicom_router.evaluation.routing import routing_document
from dicom_router.evaluation.scoring import score_split
from dicom_router.evaluation.writing import write_evaluation, write_routing
from dicom_router.labels import CLASSES
from dicom_router.model.answers import guarantee_of
from dicom_router.model.cache import PixelCache
from dicom_router.model.folder import NETWORK, WEIGHTS, read_specification, to_json
from dicom_router.model.network import Network
from dicom_router.model.packaging.agreement import Agreement
from dicom_router.model.packaging.remembering import remember
from dicom_router.model.packaging.writing import Ingredients, write_model
from dicom_router.model.training.history import EpochRecord, history_csv

SETTINGS = Bootstrap(resamples=200, confidence=0.95, minimum_patients=20, seed=1337)
SIZE = 32
TEMPERATURE = 6.0
FIRST = 1000  # number of the first film
SIDES = {"train": 40, "validation": 10, "calibration": 20, "test": 120, "external": 100}
DATA = "0123456789abcdef0123456789abcdef.dir"
HISTORY = tuple(EpochRecord(n, 1.5 / n, 1.6 / n, 1 - 0.5 / n, 1 - 0.4 / n, 0.001) for n in (1, 2, 3))


def write_project(
    root: Path,
    *,
    blind_to: int | None = None,
    errors: int = 20,
    first: int = FIRST,
    params: Mapping[str, Any] | None = None,
) -> Path:
    """Write into ``root`` what the stages leave, with films in data/.

    Args:
        root: a new folder.
        blind_to: a class that the network takes for the next one.
        errors: one film in so many shows another class than its label says.
        first: number of the first film; projects with the same films share their test films, too.
        params: values of ``params.yaml`` to change, by section.
    """
    table = _films(errors, first)
    pixels = _pixels(table)
    _write_data(root / "data", table, pixels)
    _write_artifacts(root / "artifacts", table, pixels, blind_to)
    _write_reports(root)
    _write_model(root)
    _write_settings(root, params or {})
    return root


def _films(errors: int, first: int) -> pd.DataFrame:
    """Return a film a row, two of each patient."""
    n = sum(SIDES.values())
    number = np.arange(n)
    labels = number % len(CLASSES)
    painted = np.where(number % errors == 7 % errors, (labels + 1) % len(CLASSES), labels)
    patients = [f"P{(first + each) // 2:05d}" for each in number]
    split = np.repeat(list(SIDES), list(SIDES.values()))
    table = pd.DataFrame({"path": [f"images/north/{first + each:05d}.dcm" for each in number], "split": split})
    return table.assign(
        label=np.array(CLASSES)[labels],
        patient_id=patients,
        group=patients,
        site="north",
        cohort=np.where(split == "external", "external", "internal"),
        painted=painted,
        number=first + number,
    )


def _pixels(table: pd.DataFrame) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return films ``(N, S, S)``: a bright block in the first row shows the class, the last row the film's number."""
    pixels = np.zeros((len(table), SIZE, SIZE), np.uint8)
    pixels[np.arange(len(table)), 0, table["painted"]] = 200
    for bit in range(16):
        pixels[:, SIZE - 1, bit] = 100 * (table["number"].to_numpy() >> bit & 1)
    return pixels


def _write_data(data: Path, table: pd.DataFrame, pixels: "np.ndarray[Any, np.dtype[np.uint8]]") -> None:
    write_origin(data, Origin(synthetic=True, description="painted films", pseudonym_key_fingerprint="0" * 16))
    for path, film in zip(table["path"], pixels, strict=True):
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        write_film(data / path, film, synthetic=True)


def _write_artifacts(
    folder: Path, table: pd.DataFrame, pixels: "np.ndarray[Any, np.dtype[np.uint8]]", blind_to: int | None
) -> None:
    for name in ("pixels", "network", "calibration"):
        (folder / name).mkdir(parents=True)
    table = table.drop(columns=["painted", "number"])
    digests = [hashlib.sha256(film.tobytes()).hexdigest() for film in pixels]
    table.assign(pixel_sha256=digests).to_parquet(folder / "images.parquet", index=False)
    table.to_parquet(folder / "splits.parquet", index=False)
    counts = {side: {"all": {"images": n, "patients": n // 2}} for side, n in SIDES.items()}
    (folder / "splits.json").write_bytes(to_json(counts))
    np.save(folder / "pixels" / "pixels.npy", pixels)
    table.to_parquet(folder / "pixels" / "index.parquet", index=False)
    specification = PreprocessingSpec(image_size=SIZE, fit="letterbox").to_dict()
    (folder / "pixels" / "specification.json").write_bytes(to_json(specification))
    calibration = {"temperature": TEMPERATURE, "n": 20, "reason": None, "thresholds": thresholds(2.5)}
    figures = {"log_loss": 0.3, "brier": 0.2, "ece": 0.1}
    calibration |= {"features": features(), "before": figures, "after": figures}
    (folder / "calibration" / "calibration.json").write_bytes(to_json(calibration))
    write_statistics(folder / "calibration", SIZE * SIZE)
    write_network(folder / "network", specification, SIZE, blind_to)
    (folder / "network" / WEIGHTS).write_bytes(b"weights" + bytes([0 if blind_to is None else blind_to]))
    (folder / "network" / "history.csv").write_bytes(history_csv(HISTORY))


def _write_reports(root: Path) -> None:
    internal: Predictions | None = None
    for cohort in ("test", "external"):
        scored = score_split(root / "artifacts", cohort, threads=1)
        document = evaluation_document(scored, SETTINGS)
        document["routing"] = routing_document(scored.table, guarantee_of({"thresholds": thresholds()}), SETTINGS)
        predictions = Predictions.from_table(scored.table)
        if internal is not None:
            document["difference"] = difference(predictions, internal, SETTINGS)
        internal = predictions
        write_evaluation(root / "reports", cohort, scored, document)
        write_routing(root / "reports", cohort, scored.table, SETTINGS)
    (root / "reports/index.html").write_text("<html><title>A report</title></html>")


def _write_model(root: Path) -> None:
    network = read_specification(root / "artifacts/network", NETWORK)
    defaults = {
        "normalisation": {"mean": 0, "std": 1, "inside_graph": True},
        "best_epoch": 3,
        "epochs": 3,
        "recipe": {},
    }
    ingredients = Ingredients(
        network={**defaults, **network},
        calibration=read_json(root / "artifacts/calibration/calibration.json"),
        dataset={
            "description": "painted films",
            "digest": "0" * 64,
            "images": {side: dict.fromkeys(CLASSES, n // 5) for side, n in SIDES.items()},
        },
        agreement=Agreement(120, "test", 1e-6, 1.0),
        test=read_json(root / "reports/test.json"),
        external=read_json(root / "reports/external.json"),
        robustness=robustness(),
        test_films=remember(
            Network.load(root / "artifacts/network"),
            PixelCache.open(root / "artifacts/pixels"),
            pd.read_parquet(root / "reports/test_predictions.parquet"),
        ),
    )
    write_model(root / "artifacts/model", root / "artifacts/network", root / "artifacts/calibration", ingredients)


def _write_settings(root: Path, changes: Mapping[str, Any]) -> None:
    """Write params.yaml, a lock that names what is there, and the package's code."""
    yaml = YAML()
    values = yaml.load(ROOT / "params.yaml")
    for section, pairs in changes.items():
        values[section].update(pairs)
    yaml.dump(values, root / "params.yaml")
    (root / "src").symlink_to(ROOT / "src")
    write_lock(root)


def write_lock(root: Path, data: str = DATA) -> None:
    """Write a lock whose hashes follow the films, the model and the parameters; ``data`` is DVC's hash of the films."""
    model = hashlib.md5((root / "artifacts/model/model.json").read_bytes()).hexdigest()
    params = hashlib.md5((root / "params.yaml").read_bytes()).hexdigest()
    splits = hashlib.md5((root / "artifacts/splits.parquet").read_bytes()).hexdigest()
    stages = {
        "validate": {
            "cmd": "v",
            "deps": [{"path": "data", "md5": data}],
            "outs": [{"path": "artifacts/splits.parquet", "md5": splits}],
        },
        "train": {"cmd": "t", "params": params, "outs": [{"path": "artifacts/network", "md5": model}]},
        "package": {"cmd": "p", "outs": [{"path": "artifacts/model", "md5": model}]},
    }
    YAML().dump({"schema": "2.0", "stages": stages}, root / "dvc.lock")
