"""Recipes by name."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT

from dicom_router import cli
from dicom_router.errors import ParameterError
from dicom_router.model.training.recipe import Recipe
from dicom_router.params import load_params
from dicom_router.pipeline.presets.reading import NAMES, preset

MACHINE = {"train.threads", "train.accelerator", "train.devices", "train.compile"}  # which no recipe decides


def keys(values: dict[str, object], before: str = "") -> set[str]:
    """Return the dotted keys of a section."""
    parts = [
        keys(value, f"{before}{key}.") if isinstance(value, dict) else {before + key} for key, value in values.items()
    ]
    return set().union(*parts)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_decides_all_of_the_training_but_the_machine(name: str) -> None:
    train = keys(load_params(ROOT / "params.yaml").train.model_dump(), "train.")
    assert set(preset(name)) == train - MACHINE | {"preprocess.image_size", "preprocess.fit"}


@pytest.mark.parametrize("name", NAMES)
def test_what_a_preset_sets_is_accepted_and_stands_in_params_yaml(name: str, project: Path) -> None:
    done = CliRunner().invoke(cli.group, ["preset", name])
    assert done.exit_code == 0, done.output
    recipe = Recipe.from_mapping(load_params().train.model_dump())
    assert recipe.network == preset(name)["train.network"]
    assert recipe.augmentation.flip == preset(name)["train.augmentation.flip"]


def test_showing_a_preset_changes_nothing(project: Path) -> None:
    done = CliRunner().invoke(cli.group, ["preset", "paper", "--show"])
    assert "-S preprocess.fit=stretch" in done.output and "-S train.augmentation.rotation_from=5" in done.output
    assert (project / "params.yaml").read_text() == (ROOT / "params.yaml").read_text()


def test_an_unknown_preset_is_told_which_there_are() -> None:
    with pytest.raises(ParameterError, match="accepted: default, paper"):
        preset("papers")


def test_the_papers_recipe_is_the_papers() -> None:
    """Hold the preset to what is known of the released code: size, optimizer, schedule, loss, selection."""
    paper = preset("paper")
    assert (paper["preprocess.image_size"], paper["preprocess.fit"]) == (512, "stretch")
    assert (paper["train.channels"], paper["train.normalisation"]) == (3, "none")
    assert (paper["train.optimizer"], paper["train.learning_rate"], paper["train.weight_decay"]) == ("adam", 0.01, 1e-4)
    assert (paper["train.gradient_clip"], paper["train.gradient_clip_by"]) == (0.1, "value")
    assert (paper["train.epochs"], paper["train.batch_size"], paper["train.seed"]) == (50, 32, 42)
    assert (paper["train.select"], paper["train.label_smoothing"], paper["train.ema_decay"]) == ("accuracy", 0.0, 0.0)
