"""Films to labels without torch."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from model.films import write_film
from model.made_up import SIZE, band_pixels

from dicom_router.errors import ModelError
from dicom_router.labels import CLASSES
from dicom_router.model.answers import ReviewReason
from dicom_router.model.folder import GRAPH, MODEL, WEIGHTS
from dicom_router.model.inference import Classifier
from dicom_router.model.network import BATCH, Network
from dicom_router.model.outliers import FILE
from dicom_router.model.probabilities import softmax
from dicom_router.model.training.batches import Images
from dicom_router.reasons import Reason


@pytest.fixture(scope="module")
def network(network_folder: Path) -> Network:
    return Network.load(network_folder)


@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1])
def test_any_number_of_images_gives_one_row_each(network: Network, count: int) -> None:
    pixels = np.zeros((count, SIZE, SIZE), np.uint8)
    assert network.logits(pixels).shape == (count, len(CLASSES))
    assert network.features(pixels).shape == (count, network.specification["num_features"])


def test_outputs_are_float32(network: Network) -> None:
    assert {output.dtype for output in network.run(np.zeros((2, SIZE, SIZE), np.uint8))} == {np.dtype(np.float32)}


@pytest.mark.parametrize("pixels", [np.zeros((1, 8, 8), np.uint8), np.zeros((1, SIZE, SIZE)), np.zeros((SIZE, SIZE))])
def test_pixels_of_another_shape_or_type_are_refused(network: Network, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=rf"uint8 \(N, {SIZE}, {SIZE}\)"):
        network.logits(pixels)


def test_probabilities_are_the_softmax_at_the_models_temperature(model_folder: Path, images: Images) -> None:
    classifier = Classifier.load(model_folder)
    expected = softmax(classifier.network.logits(images.pixels), 1.25)
    np.testing.assert_array_equal(classifier.probabilities(images.pixels), expected)


def test_a_film_that_is_unlike_the_training_is_sent_to_review(model_folder: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.dcm", band_pixels(3), synthetic=True)
    loaded = Classifier.load(model_folder)
    (result,) = loaded.classify([film])
    assert result.outlier_score is not None and result.guarantee == loaded.guarantee.statement
    stricter = replace(loaded, rule=replace(loaded.rule, outlier_limit=result.outlier_score * 0.99))
    decisions = [next(each.classify([film])).decision for each in (loaded, stricter)]
    assert [ReviewReason.OUTLIER in each.reasons for each in decisions if each] == [False, True]
    assert decisions[1] is not None and decisions[1].action == "review" and decisions[1].label == "spine"


def test_results_come_in_order_with_a_row_for_a_bad_file(model_folder: Path, tmp_path: Path) -> None:
    films = [write_film(tmp_path / f"{label}.dcm", band_pixels(label), synthetic=True) for label in (2, 0)]
    (tmp_path / "notes.txt").write_text("no film")
    paths = [films[0], tmp_path / "notes.txt", films[1]]
    results = list(Classifier.load(model_folder).classify(paths))
    assert [result.path for result in results] == paths
    assert [result.label for result in results] == ["pediatric_chest", None, "abdomen"]
    assert results[1].reason == Reason.NOT_DICOM and results[1].probabilities is None
    assert results[1].decision is None and results[1].outlier_score is None
    assert sum(results[0].probabilities or ()) == pytest.approx(1)


def test_a_file_that_is_not_there_is_a_row(model_folder: Path, tmp_path: Path) -> None:
    (result,) = Classifier.load(model_folder).classify([tmp_path / "gone.dcm"])
    assert result.label is None and result.reason is not None


def test_a_synthetic_model_refuses_a_real_film_and_names_the_flag(model_folder: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.dcm", band_pixels(1), synthetic=False)
    with pytest.raises(ModelError, match="--allow-synthetic-model"):
        list(Classifier.load(model_folder).classify([film]))


def test_a_synthetic_model_classifies_a_real_film_when_allowed(model_folder: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.dcm", band_pixels(1), synthetic=False)
    (result,) = Classifier.load(model_folder, allow_synthetic=True).classify([film])
    assert result.label == "adult_chest"


def test_a_model_of_real_films_takes_synthetic_and_real_ones(model_folder: Path, tmp_path: Path) -> None:
    loaded = Classifier.load(model_folder)
    classifier = replace(loaded, facts=replace(loaded.facts, synthetic=False))
    films = [write_film(tmp_path / f"{mark}.dcm", band_pixels(3), synthetic=mark) for mark in (True, False)]
    assert [result.label for result in classifier.classify(films)] == ["spine", "spine"]


def edit(key: str, value: object) -> Callable[[Path], object]:
    """Return a change of one value of model.json."""

    def change(folder: Path) -> None:
        specification = json.loads((folder / MODEL).read_text())
        (folder / MODEL).write_text(json.dumps(specification | {key: value}))

    return change


def without(key: str) -> Callable[[Path], object]:
    """Return the removal of one value of model.json."""

    def change(folder: Path) -> None:
        specification = json.loads((folder / MODEL).read_text())
        del specification[key]
        (folder / MODEL).write_text(json.dumps(specification))

    return change


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / MODEL).unlink(), "model.json is missing"),
        (lambda folder: (folder / GRAPH).unlink(), "network.onnx is missing"),
        (lambda folder: (folder / FILE).unlink(), "outliers.npz is missing"),
        (lambda folder: (folder / FILE).write_bytes(b"x"), "outliers.npz changed"),
        (lambda folder: (folder / MODEL).write_text("{"), "model.json is damaged"),
        (lambda folder: (folder / MODEL).write_text("[]"), "model.json is damaged"),
        (lambda folder: (folder / MODEL).write_text("{}"), "model.json is damaged"),
        (lambda folder: (folder / MODEL).write_bytes(b"\xff\xfe"), "model.json is damaged"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"x"), "weights.safetensors changed"),
        (lambda folder: (folder / GRAPH).write_bytes(b""), "network.onnx changed"),
        (edit("temperature", 2.0), "is not version"),
        (edit("synthetic", False), "is not version"),
        (edit("thresholds", {"strictness": 0.1}), "is not version"),
        (edit("format", 99), "format 99"),
        (edit("classes", ["abdomen", "chest"]), "tells other classes apart"),
        (edit("files", ["network.onnx"]), "is damaged"),
        (edit("files", {}), "is not version"),
        (without("version"), "model.json is damaged"),
    ],
)
def test_a_damaged_folder_is_refused(model_folder: Path, damage: Callable[[Path], object], said: str) -> None:
    damage(model_folder)
    with pytest.raises(ModelError, match=said):
        Classifier.load(model_folder)


@pytest.mark.parametrize("module", ["dicom_router.model.inference", "dicom_router.cli.classify"])
def test_the_light_install_is_enough(module: str) -> None:
    heavy = ("torch", "pandas", "scipy", "sklearn", "timm", "pydantic", "onnx", "jinja2", "ruamel")
    code = f"import sys, {module}; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
