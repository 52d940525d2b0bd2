"""Training as a whole."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from model.made_up import RECIPE, SIZE, made_up_images
from torch.nn import functional

from dicom_router.errors import DataError, ParameterError
from dicom_router.evaluation.confusion import confusion_matrix, counts, f1, macro
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import Fitted, fit
from dicom_router.model.training.lesson import Lesson, macro_f1
from dicom_router.model.training.networks import create_network
from dicom_router.model.training.recipe import Recipe
from dicom_router.params import Augmentation, Train, load_params


def weights_of(fitted: Fitted) -> dict[str, torch.Tensor]:
    return dict(fitted.network.state_dict())


def same_weights(first: Fitted, second: Fitted) -> bool:
    one, other = weights_of(first), weights_of(second)
    return all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns(fitted: Fitted) -> None:
    assert fitted.best.validation_macro_f1 is not None and fitted.best.validation_macro_f1 > 0.9


def test_the_same_seed_gives_the_same_bits(images: Images, validation: Images, tmp_path: Path) -> None:
    first, second = (fit(images, validation, RECIPE, tmp_path / name) for name in "ab")
    assert first.history == second.history
    assert same_weights(first, second)


def test_another_seed_gives_other_weights(images: Images, validation: Images, tmp_path: Path) -> None:
    short = replace(RECIPE, epochs=1)
    first = fit(images, validation, short, tmp_path / "a")
    assert not same_weights(first, fit(images, validation, replace(short, seed=8), tmp_path / "b"))


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "adam", "gradient_clip": 0.1, "gradient_clip_by": "value"},
        {"optimizer": "sgd", "gradient_clip": 0.0},
        {"schedule": "cosine", "balance": "sampler"},
        {"balance": "none", "precision": "bf16-mixed"},
        {"network": "test_vit"},
    ],
    ids=lambda change: "-".join(change),
)
def test_every_kind_of_recipe_trains(images: Images, nothing: Images, tmp_path: Path, change: dict[str, Any]) -> None:
    history = fit(images, nothing, replace(RECIPE, epochs=1, **change), tmp_path).history
    assert np.isfinite(history[0].train_loss)


def test_the_best_epoch_is_kept(fitted: Fitted) -> None:
    scores = [record.validation_macro_f1 or 0 for record in fitted.history]
    assert fitted.best.validation_macro_f1 == max(scores)


def test_a_moving_average_that_hardly_moves_keeps_the_first_step(
    images: Images, nothing: Images, tmp_path: Path
) -> None:
    def far_from_start(decay: float) -> float:
        recipe = replace(RECIPE, epochs=1, ema_decay=decay)
        trained = fit(images, nothing, recipe, tmp_path / str(decay)).network.state_dict()
        start = fit(
            images, nothing, replace(recipe, learning_rate=1e-12), tmp_path / f"{decay}-start"
        ).network.state_dict()
        return sum(float((trained[name] - start[name]).abs().sum()) for name in trained if "weight" in name)

    assert far_from_start(0.9) < far_from_start(0.0)


def test_a_turned_film_is_taught_as_anybodys_guess() -> None:
    lesson = Lesson(create_network("test_resnet", SIZE), RECIPE, torch.ones(5), steps=1)
    sure = torch.tensor([[9.0, 0, 0, 0, 0]])
    upright, turned = (lesson.loss(sure, torch.tensor([0]), torch.tensor([flag])) for flag in (False, True))
    undecided = lesson.loss(torch.zeros(1, 5), torch.tensor([0]), torch.tensor([True]))
    assert upright < undecided < turned


def test_upright_films_are_judged_by_torchs_own_cross_entropy() -> None:
    lesson = Lesson(
        create_network("test_resnet", SIZE), replace(RECIPE, label_smoothing=0.0), torch.arange(1.0, 6), steps=1
    )
    logits, labels = torch.randn(8, 5, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 5
    expected = functional.cross_entropy(logits, labels, torch.arange(1.0, 6))
    torch.testing.assert_close(lesson.loss(logits, labels, torch.zeros(8, dtype=torch.bool)), expected)


def test_training_stops_when_macro_f1_has_not_risen_for_a_while(images: Images, tmp_path: Path) -> None:
    alike = Images(images.pixels, images.rows[:5] * 0, np.zeros(5, np.int64))  # one class: macro F1 is 0 or 1
    slow = replace(RECIPE, epochs=30, patience=2, learning_rate=1e-6)
    assert len(fit(images, alike, slow, tmp_path).history) < 30


def test_without_validation_images_the_last_epoch_is_taken(images: Images, nothing: Images, tmp_path: Path) -> None:
    fitted = fit(images, nothing, replace(RECIPE, epochs=2, patience=1), tmp_path)
    assert fitted.best.epoch == 2 and fitted.best.validation_macro_f1 is None


def test_a_class_without_images_is_no_obstacle(images: Images, validation: Images, tmp_path: Path) -> None:
    without = np.flatnonzero(images.labels != 4)
    some = Images(images.pixels, images.rows[without], images.labels[without])
    assert len(fit(some, validation, replace(RECIPE, epochs=1), tmp_path).history) == 1


def test_a_loss_that_is_no_number_names_epoch_step_and_cure(images: Images, nothing: Images, tmp_path: Path) -> None:
    wild = replace(RECIPE, optimizer="sgd", learning_rate=1e30, gradient_clip=0.0, warmup=0.01)
    with pytest.raises(ParameterError, match=r"epoch 1, step \d+, at learning rate .*train\.learning_rate"):
        fit(images, nothing, wild, tmp_path)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_training_images_are_an_error(nothing: Images, tmp_path: Path, count: int) -> None:
    with pytest.raises(DataError, match=rf"train has {count} image\(s\)"):
        fit(made_up_images(count), nothing, RECIPE, tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_an_error(images: Images, nothing: Images, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="use auto or cpu"):
        fit(images, nothing, replace(RECIPE, accelerator="gpu"), tmp_path)


def test_training_leaves_nothing_but_checkpoints_and_a_history(
    images: Images, validation: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    threads = torch.get_num_threads()
    fit(images, validation, RECIPE, tmp_path / "work")
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == [
        "epoch-00002.ckpt",
        "epoch-00003.ckpt",
        "history.csv",
    ]
    assert list(here.iterdir()) == []
    assert torch.get_num_threads() == threads


def test_epochs_are_printed_as_lines(
    images: Images, validation: Images, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fit(images, validation, replace(RECIPE, epochs=2), tmp_path)
    output = capfd.readouterr()
    assert [line[:11] for line in output.out.splitlines()] == ["epoch   1/2", "epoch   2/2"]
    assert output.err == ""


@pytest.mark.parametrize("seed", range(3))
def test_macro_f1_is_the_evaluations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, 4, 50), rng.integers(0, 5, 50)
    cells = confusion_matrix(labels, predicted, 5)
    sums = np.concatenate([cells.sum(1), cells.sum(0), cells.diagonal()]).astype(float)
    assert macro_f1(torch.from_numpy(cells).double()) == pytest.approx(float(macro(f1(counts(sums)))))


def test_the_recipe_has_the_parameters_of_the_section_train() -> None:
    params = load_params(ROOT / "params.yaml").train
    recipe = Recipe.from_mapping(params.model_dump())
    assert list(Train.model_fields) == [field.name for field in fields(recipe)]
    assert list(Augmentation.model_fields) == [field.name for field in fields(recipe.augmentation)]


@pytest.mark.long
def test_a_compiled_network_trains_to_the_same_loss(images: Images, nothing: Images, tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=1)
    plain, compiled = (
        fit(images, nothing, replace(recipe, compile=flag), tmp_path / str(flag)) for flag in (False, True)
    )
    assert compiled.best.train_loss == pytest.approx(plain.best.train_loss, rel=1e-3)
    assert list(compiled.network.state_dict()) == list(plain.network.state_dict())
