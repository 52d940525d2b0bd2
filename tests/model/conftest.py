"""A small trained network, and the folders that the stages make of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from model.made_up import RECIPE, SIZE, evaluation, made_up_images, robustness
from model.rules import features, thresholds, write_statistics

from dicom_router.labels import CLASSES
from dicom_router.model.folder import NETWORK, read_specification
from dicom_router.model.packaging.agreement import Agreement
from dicom_router.model.packaging.writing import Ingredients, write_model
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import Fitted, fit
from dicom_router.model.training.saving import save_network


@pytest.fixture(scope="session")
def images() -> Images:
    return made_up_images(60)


@pytest.fixture(scope="session")
def validation() -> Images:
    return made_up_images(20, seed=1)


@pytest.fixture(scope="session")
def nothing() -> Images:
    return made_up_images(0)


@pytest.fixture(scope="session")
def fitted(images: Images, validation: Images, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fit(images, validation, replace(RECIPE, epochs=6), tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="session")
def network_folder(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifacts") / "network"
    save_network(folder, fitted, RECIPE, {"image_size": SIZE, "fit": "letterbox"}, synthetic=True)
    return folder


@pytest.fixture(scope="session")
def ingredients(network_folder: Path) -> Ingredients:
    figures = {"log_loss": 0.3, "brier": 0.2, "ece": 0.1}
    return Ingredients(
        network=read_specification(network_folder, NETWORK),
        calibration={
            "temperature": 1.25,
            "reason": None,
            "n": 40,
            "before": figures,
            "after": figures,
            "thresholds": thresholds(),
            "features": features(),
        },
        dataset={
            "description": "Made up.",
            "digest": "0" * 64,
            "images": {"train": dict.fromkeys(CLASSES, 12), "test": dict.fromkeys(CLASSES, 4)},
            "labelling": {"adult_from_years": 18, "borderline_from_years": 10},
        },
        agreement=Agreement(20, "test", 1e-6, 1.0),
        test=evaluation(100),
        external=evaluation(50),
        robustness=robustness(),
    )


@pytest.fixture(scope="session")
def calibration_folder(ingredients: Ingredients, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifacts") / "calibration"
    write_statistics(folder, ingredients.network["num_features"])
    return folder


@pytest.fixture(scope="session")
def shared_model(
    network_folder: Path, calibration_folder: Path, ingredients: Ingredients, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a model that no test changes."""
    folder = tmp_path_factory.mktemp("shared") / "model"
    write_model(folder, network_folder, calibration_folder, ingredients)
    return folder


@pytest.fixture
def model_folder(network_folder: Path, calibration_folder: Path, ingredients: Ingredients, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    write_model(folder, network_folder, calibration_folder, ingredients)
    return folder
