"""``artifacts/model``: everything that inference needs, in one folder that vouches for itself."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dicom_router.model.folder import CARD, GRAPH, MODEL, TEST_FILMS, WEIGHTS, content_version, file_digests, to_json
from dicom_router.model.outliers import FILE as OUTLIERS
from dicom_router.model.packaging.agreement import Agreement
from dicom_router.model.packaging.card import render_card
from dicom_router.model.test_films import TestFilms

# What a model keeps of the network's specification.
FROM_NETWORK: Final = (
    "format",
    "network",
    "classes",
    "num_features",
    "parameters",
    "preprocessing",
    "normalisation",
    "synthetic",
    "best_epoch",
    "epochs",
    "recipe",
)


@dataclass(frozen=True)
class Ingredients:
    """What a model is made of, as the earlier stages left it."""

    network: Mapping[str, Any]  # network.json
    calibration: Mapping[str, Any]  # calibration.json
    dataset: Mapping[str, Any]  # description, digest, images by split and class, where labels draw the line of age
    agreement: Agreement
    test: Mapping[str, Any]  # reports/test.json
    external: Mapping[str, Any]  # reports/external.json
    robustness: Mapping[str, Any]  # reports/robustness.json
    test_films: TestFilms | None = None  # what monitoring compares with until a site is commissioned


def write_model(folder: Path, network: Path, calibration: Path, ingredients: Ingredients) -> dict[str, Any]:
    """Write the model into ``folder``; return ``model.json``.

    Weights and graph come from the folder ``network``, the statistics of features from the folder ``calibration``.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in (network / WEIGHTS, network / GRAPH, calibration / OUTLIERS):
        shutil.copyfile(source, folder / source.name)
    specification = model_specification(ingredients, file_digests(folder, [WEIGHTS, GRAPH, OUTLIERS]))
    card = render_card(specification, ingredients.test, ingredients.external, ingredients.robustness)
    (folder / CARD).write_text(card, encoding="utf-8")
    beside = [CARD]
    if ingredients.test_films is not None:
        (folder / TEST_FILMS).write_bytes(ingredients.test_films.to_bytes())
        beside.append(TEST_FILMS)
    specification["files"] |= file_digests(folder, beside)
    (folder / MODEL).write_bytes(to_json(specification))
    return specification


def model_specification(ingredients: Ingredients, files: Mapping[str, str]) -> dict[str, Any]:
    """Return ``model.json``; its ``version`` is a hash of all else that decides an answer."""
    calibration = ingredients.calibration
    specification: dict[str, Any] = {key: ingredients.network[key] for key in FROM_NETWORK}
    specification |= {
        "temperature": calibration["temperature"],
        "calibration": {key: calibration[key] for key in ("n", "reason", "before", "after")},
        "thresholds": calibration["thresholds"],
        "features": calibration["features"],
        "dataset": dict(ingredients.dataset),
        "agreement": asdict(ingredients.agreement),
        "files": dict(files),
    }
    return {"version": content_version(specification)} | specification
