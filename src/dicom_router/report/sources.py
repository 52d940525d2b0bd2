"""What the page is made of, read from the files of the stages."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router.errors import DataError
from dicom_router.evaluation.reading import read_json
from dicom_router.model.cache import PixelCache

WORST: Final = 12  # mistakes shown of each cohort
HASHED: Final = (
    "artifacts/pixels/index.parquet",
    "reports/test_predictions.parquet",
    "reports/external_predictions.parquet",
)
CHANGES: Final = "dataset_changes.json"
LABELS: Final = "data/labels.csv"

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Mistake:
    """An image that was put in the wrong class, with what the network saw."""

    path: str
    label: str
    predicted: str
    confidence: float
    given_to_label: float  # the probability of the right class
    pixels: NDArray[np.uint8]  # (S, S)


@dataclass(frozen=True)
class Cohort:
    """One evaluated set of images."""

    name: str  # "test" or "external"
    document: Document
    roc: pd.DataFrame
    pr: pd.DataFrame
    reliability: pd.DataFrame
    risk: pd.DataFrame
    mistakes: tuple[Mistake, ...]  # the most confident first


@dataclass(frozen=True)
class Robustness:
    """What became of the test films in other ways, and one film in all of them ``(K, S, S)`` uint8."""

    document: Document
    film: NDArray[np.uint8]


@dataclass(frozen=True)
class Sources:
    """Everything that the page shows."""

    validation: Document
    splits: Document
    network: Document
    calibration: Document
    model: Document  # empty where the model is not packaged yet
    history: pd.DataFrame
    test: Cohort
    external: Cohort
    robustness: Robustness
    digests: Mapping[str, str]  # sha256 of files
    changes: Document  # the recorded comparison with an earlier version of the dataset; empty where there is none
    labels_sha256: str  # of this version's labels.csv, "" where it is not known

    @property
    def changes_are_current(self) -> bool:
        """Say whether the recorded comparison ends at the version of the dataset that was evaluated."""
        return bool(self.changes) and self.changes["after"]["labels_sha256"] == self.labels_sha256

    @property
    def synthetic(self) -> bool:
        """Say whether any part of it comes from synthetic films."""
        parts = (self.validation, self.network, self.test.document, self.external.document)
        return any(part["synthetic"] for part in parts)


def read_sources(root: Path) -> Sources:
    """Read the files that the stages wrote under ``root``.

    Raises:
        DataError: one is missing or damaged.
    """
    artifacts = root / "artifacts"
    cache = PixelCache.open(artifacts / "pixels")
    model = artifacts / "model" / "model.json"
    return Sources(
        validation=read_json(artifacts / "validation.json"),
        splits=read_json(artifacts / "splits.json"),
        network=read_json(artifacts / "network" / "network.json"),
        calibration=read_json(artifacts / "calibration" / "calibration.json"),
        model=read_json(model) if model.is_file() else {},
        history=_read_csv(artifacts / "network" / "history.csv"),
        test=_read_cohort(root / "reports", "test", cache),
        external=_read_cohort(root / "reports", "external", cache),
        robustness=_read_robustness(root / "reports"),
        digests={name: _sha256(root / name) for name in HASHED},
        changes=_read_changes(root / CHANGES),
        labels_sha256=_sha256(root / LABELS) if (root / LABELS).is_file() else "",
    )


def _read_changes(path: Path) -> Document:
    """Read what ``dataset diff --write`` recorded; empty where nothing was.

    Raises:
        DataError: the file is damaged.
    """
    changes = read_json(path) if path.is_file() else {}
    if changes and not {"before", "after", "images", "patients", "classes", "sites", "relabelled"} <= changes.keys():
        raise DataError(f"{path} is damaged; write it anew with `dicom-router dataset diff REV --write`")
    return changes


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def worst_mistakes(predictions: pd.DataFrame, cache: PixelCache) -> tuple[Mistake, ...]:
    """Return the wrong predictions of the highest confidence, ties by path, with their pixels."""
    wrong = predictions[~predictions["correct"].astype(bool)]
    wrong = wrong.sort_values(["confidence", "path"], ascending=[False, True]).head(WORST)
    rows = pd.Index(cache.index["path"]).get_indexer(pd.Index(wrong["path"]))
    return tuple(
        _mistake(record, cache.pixels[row]) for record, row in zip(wrong.to_dict("records"), rows, strict=True)
    )


def _mistake(record: Mapping[Any, Any], pixels: NDArray[np.uint8]) -> Mistake:
    return Mistake(
        path=str(record["path"]),
        label=str(record["label"]),
        predicted=str(record["predicted"]),
        confidence=float(record["confidence"]),
        given_to_label=float(record[f"p_{record['label']}"]),
        pixels=np.asarray(pixels),
    )


def _read_cohort(reports: Path, name: str, cache: PixelCache) -> Cohort:
    path = reports / f"{name}_predictions.parquet"
    try:
        predictions = pd.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; make it with `dvc repro`") from None
    tables = {kind: _read_csv(reports / name / f"{kind}.csv") for kind in ("roc", "pr", "reliability", "risk")}
    document = read_json(reports / f"{name}.json")
    return Cohort(name=name, document=document, mistakes=worst_mistakes(predictions, cache), **tables)


def _read_robustness(reports: Path) -> Robustness:
    path = reports / "robustness" / "film.npy"
    try:
        film = np.load(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; make it with `dvc repro`") from None
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); restore it with `dvc checkout`") from None
    return Robustness(read_json(reports / "robustness.json"), film)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; make it with `dvc repro`") from None
