"""The stages train and calibrate, on files."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT
from model.made_up import RECIPE, SIZE, made_up_images
from ruamel.yaml import YAML

from dicom_router.dataset.table import Origin, write_origin
from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.model.cache import PixelCache, cache_digest
from dicom_router.model.network import Network
from dicom_router.model.outliers import FILE, FeatureStatistics
from dicom_router.stages import calibrate, train

PARAMETERS = {
    "network": "test_resnet",
    "epochs": 2,
    "batch_size": 8,
    "threads": 1,
    "accelerator": "cpu",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a pixel cache, the current one: 60 training images, 20 of each other split."""
    write_cache(tmp_path / "artifacts" / "pixels", {"train": 60, "validation": 20, "calibration": 20, "test": 20})
    write_origin_of(tmp_path)
    yaml = YAML(pure=True)
    params = yaml.load(ROOT / "params.yaml")
    params["train"] |= PARAMETERS
    yaml.dump(params, tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_origin_of(project: Path) -> None:
    (project / "data").mkdir()
    write_origin(project / "data", Origin(True, "Made up.", "0" * 8))


def write_cache(folder: Path, splits: dict[str, int]) -> None:
    images = made_up_images(sum(splits.values()))
    folder.mkdir(parents=True)
    np.save(folder / "pixels.npy", images.pixels)
    names = np.repeat(list(splits), list(splits.values()))
    index = pd.DataFrame(
        {
            "path": [f"images/{number:03d}.dcm" for number in range(len(names))],
            "split": names,
            "label": np.array(CLASSES)[images.labels],
            "patient_id": [f"P{number // 2:03d}" for number in range(len(names))],
            "site": "north",
        }
    )
    index.to_parquet(folder / "index.parquet")
    (folder / "specification.json").write_text(json.dumps({"image_size": SIZE, "fit": "letterbox"}))


def digest(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_training_and_calibrating_twice_gives_the_same_bytes(project: Path) -> None:
    outputs = []
    for _ in range(2):
        train.main()
        calibrate.main()
        outputs.append([digest(project / "artifacts" / name) for name in ("network", "calibration")])
        shutil.rmtree(project / "artifacts" / "network")
    assert outputs[0] == outputs[1]


def test_train_writes_a_network_and_leaves_no_checkpoint(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.main()
    network = Network.load(project / "artifacts" / "network")
    assert network.specification["synthetic"] is True
    assert network.specification["recipe"]["network"] == "test_resnet"
    assert not (project / "work" / "train").exists()
    assert "train: 60 images (abdomen 12," in capsys.readouterr().out


def test_calibrate_says_what_it_did(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.main()
    calibrate.main()
    document = json.loads((project / "artifacts/calibration/calibration.json").read_text())
    assert document["n"] == 20
    assert document["after"]["log_loss"] <= document["before"]["log_loss"]
    assert {row["calibration"] for row in document["reliability"]} == {"before", "after"}
    temperature, guarantee = capsys.readouterr().out.splitlines()[-2:]
    assert temperature.startswith("temperature ") and guarantee.startswith("guarantee not met")


def test_calibrate_says_what_it_would_take(project: Path) -> None:
    train.main()
    calibrate.main()
    thresholds = json.loads((project / "artifacts/calibration/calibration.json").read_text())["thresholds"]
    assert (thresholds["patients"], thresholds["patients_needed"]) == (10, 598)
    assert thresholds["sites"] == ["north"]


def test_calibrate_writes_statistics_that_know_the_training_films(project: Path) -> None:
    train.main()
    calibrate.main()
    statistics = FeatureStatistics.load(project / "artifacts/calibration" / FILE)
    limit = json.loads((project / "artifacts/calibration/calibration.json").read_text())["features"]["limit"]
    network = Network.load(project / "artifacts" / "network")
    pixels = np.load(project / "artifacts" / "pixels" / "pixels.npy")
    noise = np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE), dtype=np.uint8)
    assert (statistics.scores(network.features(pixels[:60])) <= limit).mean() > 0.9
    assert (statistics.scores(network.features(noise)) > limit).mean() > 0.9


def test_without_calibration_images_the_reason_is_written(project: Path) -> None:
    document = calibrate.calibration_document(
        np.zeros((0, 5), np.float32), np.zeros(0, np.int64), calibrate.Temperature(1.0, "none")
    )
    assert document["before"] == {"log_loss": None, "brier": None, "ece": None}
    assert document["reason"] == "none" and document["reliability"] == []


def test_the_name_of_the_checkpoints_changes_with_data_and_recipe() -> None:
    names = {train.inputs_digest(data, recipe) for data in "ab" for recipe in (RECIPE, replace(RECIPE, seed=0))}
    assert len(names) == 4


def test_calibrating_imports_no_torch() -> None:
    code = "import sys, dicom_router.stages.calibrate; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


def test_the_cache_is_read_by_split(project: Path) -> None:
    cache = PixelCache.open(project / "artifacts" / "pixels")
    assert cache.rows("validation").tolist() == list(range(60, 80))
    assert cache.labels(cache.rows("validation"))[:5].tolist() == [0, 1, 2, 3, 4]
    assert cache.counts()["test"] == dict.fromkeys(CLASSES, 4)


def test_a_split_without_images_is_empty(project: Path) -> None:
    cache = PixelCache.open(project / "artifacts" / "pixels")
    assert len(cache.labels(cache.rows("external"))) == 0


def test_the_digest_of_a_cache_changes_with_one_pixel(project: Path) -> None:
    folder = project / "artifacts" / "pixels"
    before = cache_digest(folder)
    pixels = np.load(folder / "pixels.npy")
    pixels[0, 0, 0] ^= 1
    np.save(folder / "pixels.npy", pixels)
    assert cache_digest(folder) != before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pixels.npy", None, "no whole pixel cache"),
        ("index.parquet", None, "no whole pixel cache"),
        ("pixels.npy", b"x", "damaged"),
        ("index.parquet", b"x", "damaged"),
        ("specification.json", b"{", "damaged"),
    ],
)
def test_a_damaged_cache_is_an_error(project: Path, name: str, content: bytes | None, said: str) -> None:
    path = project / "artifacts" / "pixels" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        PixelCache.open(path.parent)


def test_a_cache_whose_parts_do_not_belong_together_is_an_error(project: Path) -> None:
    folder = project / "artifacts" / "pixels"
    np.save(folder / "pixels.npy", np.zeros((3, SIZE, SIZE), np.uint8))
    with pytest.raises(DataError, match="3 images and 120 rows"):
        PixelCache.open(folder)


def test_torch_threads_are_as_before(project: Path) -> None:
    threads = torch.get_num_threads()
    train.main()
    assert torch.get_num_threads() == threads
