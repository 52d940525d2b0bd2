"""Trainings that go wrong: memory that does not do, weights that are no numbers."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from model.greedy import Greedy, say_nothing
from model.made_up import RECIPE, STILL

from dicom_router.errors import ParameterError
from dicom_router.model.training.batches import EpochBatches, Images
from dicom_router.model.training.fitting import fit
from dicom_router.model.training.lesson import Lesson

GREEDY = replace(RECIPE, network="router_greedy", epochs=2)


@pytest.fixture(autouse=True)
def hungry() -> None:
    Greedy.calls = Greedy.fits_for = 0
    Greedy.kind, Greedy.fit = "test_resnet", 4


def test_out_of_memory_takes_smaller_batches_keeps_the_effective_one_and_says_so(
    images: Images, validation: Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted = fit(images, validation, GREEDY, tmp_path)
    printed = capsys.readouterr().out
    assert "out of memory with 8 images at a time: going on with 4, and 2 times that for each step" in printed
    assert "train.batch_size stays 8" in printed
    assert len(fitted.history) == 2
    # one call that failed, then each epoch's 7 batches of 8 in two parts each
    assert Greedy.calls == 1 + 2 * 7 * 2


def test_out_of_memory_on_one_of_several_devices_takes_smaller_batches_on_all(
    images: Images, validation: Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = replace(GREEDY, epochs=1, batch_size=16, devices=2)
    fitted = fit(images, validation, two, tmp_path, tell=partial(say_nothing, ""))
    printed = capsys.readouterr().out
    assert "out of memory with 8 images at a time: going on with 4, and 2 times that for each step" in printed
    assert "train.batch_size stays 16" in printed
    assert len(fitted.history) == 1


def test_out_of_memory_in_a_later_epoch_repeats_none_that_is_whole(
    images: Images, validation: Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Greedy.fits_for = 7 + 3
    fitted = fit(images, validation, GREEDY, tmp_path)
    assert "going on after epoch 1 of 2" in capsys.readouterr().out
    assert [record.epoch for record in fitted.history] == [1, 2]
    assert Greedy.calls == 7 + 4 + 7 * 2


def test_accumulated_parts_make_the_step_of_the_whole_batch(images: Images, nothing: Images, tmp_path: Path) -> None:
    """Without batch normalisation, whose statistics are of a part, the weights come out alike."""
    Greedy.kind, Greedy.fits_for = "test_vit", 1000
    recipe = replace(GREEDY, epochs=1, balance="none", optimizer="sgd", learning_rate=0.01, augmentation=STILL)
    whole = fit(images, nothing, recipe, tmp_path / "whole").network.state_dict()
    Greedy.fits_for = 0
    halved = fit(images, nothing, recipe, tmp_path / "halved").network.state_dict()
    for name, value in whole.items():
        torch.testing.assert_close(halved[name], value, rtol=1e-4, atol=1e-5)


def test_the_parts_of_a_batch_are_the_batch(images: Images) -> None:
    batches = [list(EpochBatches(images, RECIPE, parts)) for parts in (1, 2)]
    assert [one + other for one, other in zip(batches[1][::2], batches[1][1::2], strict=True)] == batches[0]


def test_memory_for_no_two_images_is_told(images: Images, nothing: Images, tmp_path: Path) -> None:
    Greedy.fit = 1
    with pytest.raises(ParameterError, match=r"out of memory with 3 images at a time.*preprocess\.image_size"):
        fit(images, nothing, replace(GREEDY, batch_size=3), tmp_path)


def test_a_loss_that_is_no_number_names_the_last_good_checkpoint(
    images: Images, nothing: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wild = replace(RECIPE, optimizer="sgd", learning_rate=1e30, gradient_clip=0.0, warmup=0.01)
    with pytest.raises(ParameterError, match="no epoch was good, so there is no checkpoint"):
        fit(images, nothing, wild, tmp_path / "at-once")
    late = replace(RECIPE, epochs=3)
    work = tmp_path / "late"
    seen: list[int] = []

    def spoil(lesson: Lesson, *_: object) -> None:
        seen.append(lesson.current_epoch)
        if lesson.current_epoch == 2:
            next(lesson.network.parameters()).data.fill_(float("inf"))

    monkeypatch.setattr(Lesson, "on_train_epoch_start", spoil)
    with pytest.raises(ParameterError, match=r"epoch 3, step 1, at learning rate .*epoch-00002\.ckpt"):
        fit(images, nothing, late, work)
    assert seen == [0, 1, 2] and not (work / "epoch-00003.ckpt").exists()


def test_weights_that_the_last_step_spoiled_are_not_saved(
    images: Images, nothing: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(lesson: Lesson) -> None:
        next(lesson.network.parameters()).data.fill_(float("nan"))

    monkeypatch.setattr(Lesson, "on_train_epoch_end", spoil)
    with pytest.raises(ParameterError, match="weights became no numbers in epoch 1"):
        fit(images, nothing, RECIPE, tmp_path)
    assert not list(tmp_path.glob("*.ckpt"))
