"""The model's folder and its card."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model.made_up import robustness
from model.rules import features, thresholds

from dicom_router.errors import ModelError
from dicom_router.model.folder import CARD, GRAPH, MODEL, WEIGHTS, content_version
from dicom_router.model.network import Network
from dicom_router.model.outliers import FILE
from dicom_router.model.packaging.agreement import Agreement, Compared, measure_agreement, refuse_disagreement
from dicom_router.model.packaging.card import render_card, weakest_subgroups
from dicom_router.model.packaging.writing import Ingredients, model_specification, write_model
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import Fitted


def test_the_folder_is_the_same_bytes_every_time(
    network_folder: Path, calibration_folder: Path, ingredients: Ingredients, tmp_path: Path
) -> None:
    for name in "ab":
        write_model(tmp_path / name, network_folder, calibration_folder, ingredients)
    for file in (CARD, GRAPH, MODEL, WEIGHTS, FILE):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_new_model_leaves_nothing_of_the_old_one(
    network_folder: Path, calibration_folder: Path, ingredients: Ingredients, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old.txt").touch()
    write_model(tmp_path / "model", network_folder, calibration_folder, ingredients)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted([CARD, GRAPH, MODEL, WEIGHTS, FILE])


def test_the_version_changes_with_what_decides_an_answer(ingredients: Ingredients) -> None:
    warmer = replace(ingredients, calibration={**ingredients.calibration, "temperature": 1.5})
    stricter = replace(ingredients, calibration={**ingredients.calibration, "thresholds": thresholds(3.0)})
    known = replace(ingredients, calibration={**ingredients.calibration, "features": features(7.0)})
    versions = [model_specification(each, {WEIGHTS: "1"})["version"] for each in (ingredients, warmer, stricter, known)]
    versions += [model_specification(ingredients, files)["version"] for files in ({WEIGHTS: "2"}, {FILE: "1"})]
    assert len(set(versions)) == 6


def test_the_version_does_not_depend_on_the_card(ingredients: Ingredients) -> None:
    specification = model_specification(ingredients, {WEIGHTS: "1"})
    other = specification | {"files": {WEIGHTS: "1", CARD: "2"}}
    assert content_version(specification) == content_version(other) == specification["version"]


def test_the_specification_holds_the_rule(model_folder: Path) -> None:
    specification = json.loads((model_folder / MODEL).read_text())
    assert specification["thresholds"] == thresholds() and specification["features"] == features()


def card(ingredients: Ingredients, synthetic: bool) -> str:
    network = {**ingredients.network, "synthetic": synthetic}
    specification = model_specification(replace(ingredients, network=network), {})
    return render_card(specification, ingredients.test, ingredients.external, ingredients.robustness)


@pytest.mark.parametrize("synthetic", [True, False])
def test_the_card_warns_of_synthetic_images(ingredients: Ingredients, synthetic: bool) -> None:
    assert ("Trained on synthetic images" in card(ingredients, synthetic)) == synthetic


@pytest.mark.parametrize(
    "line",
    [
        "| train | 12 | 12 | 12 | 12 | 12 |",
        "| **macro** | 0.900 (0.890-0.910) | 0.900 (0.890-0.910) | 0.900 (0.890-0.910) |",
        "| abdomen (n = 20) | 0.900 (0.890-0.910) | 0.900 (0.890-0.910) | 0.900 (0.890-0.910) |",
        "| site a | 50 | 0.800 (0.790-0.810) |",
        "**Guarantee not met: certified only at 12.0% (asked for 0.50%).** Made up.",
        "| test | 0.800 (0.790-0.810) | 0.020 (0.010-0.030) | 40 | 0.030 (0.020-0.040) | 0.010 (0.000-0.020) |",
    ],
)
def test_the_card_holds(ingredients: Ingredients, line: str) -> None:
    assert line in card(ingredients, synthetic=False).splitlines()


def test_tables_of_the_card_have_no_gaps(ingredients: Ingredients) -> None:
    lines = card(ingredients, synthetic=True).splitlines()
    heads = [place for place, line in enumerate(lines) if line.startswith("|---")]
    assert len(heads) == 5
    for place in heads:
        assert lines[place - 1].startswith("|") and lines[place + 1].startswith("|")
        assert lines[place - 1].count("|") == lines[place].count("|") == lines[place + 1].count("|")


def test_the_card_names_what_the_model_does_not_stand(ingredients: Ingredients) -> None:
    assert "Keep such films away" not in card(ingredients, synthetic=False)
    frail = card(replace(ingredients, robustness=robustness(missed=True)), synthetic=False)
    assert "**Under 95%:** inverted grey 0.900 (0.890-0.910). Keep such films away from this model." in frail


def test_small_subgroups_are_not_called_weak(ingredients: Ingredients) -> None:
    assert [name for name, _, _ in weakest_subgroups(ingredients.test)] == ["site a"]


def test_the_exported_and_the_trained_network_agree(network_folder: Path, fitted: Fitted, images: Images) -> None:
    agreement = measure_agreement(
        Network.load(network_folder), fitted.network, images.pixels, images.labels, 1.0, "test"
    )
    assert agreement.n == len(images) and agreement.same_label == 1.0
    assert agreement.largest_difference < 1e-4
    assert set(agreement.metrics) == {"accuracy", "macro_f1", "log_loss"}
    assert all(abs(loss) < 1e-4 for loss in agreement.losses().values())


def test_agreement_on_no_image_is_whole(network_folder: Path, fitted: Fitted) -> None:
    nothing = np.zeros((0, 32, 32), np.uint8), np.zeros(0, np.int64)
    assert measure_agreement(Network.load(network_folder), fitted.network, *nothing, 1.0, "test").n == 0


@pytest.mark.parametrize("difference", [0.002, float("nan")])
def test_disagreement_is_refused(difference: float) -> None:
    with pytest.raises(ModelError, match=r"package\.tolerance"):
        refuse_disagreement(Agreement(10, "test", difference, 1.0), 0.001)


@pytest.mark.parametrize(
    ("name", "exported", "trained"), [("accuracy", 0.9, 0.92), ("macro_f1", 0.8, 0.81), ("log_loss", 0.42, 0.4)]
)
def test_an_export_with_a_worse_metric_is_refused(name: str, exported: float, trained: float) -> None:
    worse, better = Compared(exported, trained), Compared(trained, exported)
    refuse_disagreement(Agreement(10, "test", 0.0, 1.0, {name: better}), 0.001)
    with pytest.raises(ModelError, match=f"{name} on the test images"):
        refuse_disagreement(Agreement(10, "test", 0.0, 1.0, {name: worse}), 0.001)


def test_the_card_holds_the_metrics_of_both_networks(ingredients: Ingredients) -> None:
    agreement = replace(ingredients.agreement, metrics={"accuracy": Compared(0.9, 0.91)})
    text = card(replace(ingredients, agreement=agreement), synthetic=False)
    assert "accuracy: 0.9000 exported, 0.9100 trained." in text.splitlines()
