"""Two processes that train together, as two GPUs would: Lightning's ddp on a CPU."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model.made_up import RECIPE, STILL

from dicom_router.errors import ParameterError
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import Fitted, fit
from dicom_router.model.training.history import EpochRecord

# Without batch normalisation, which GPUs synchronise and CPUs do not, two halves of a batch are the batch.
TOGETHER = replace(RECIPE, network="test_vit", epochs=2, devices=2, balance="none", optimizer="sgd", augmentation=STILL)


@pytest.fixture(scope="module")
def told() -> list[EpochRecord]:
    return []


@pytest.fixture(scope="module")
def together(
    images: Images, validation: Images, told: list[EpochRecord], tmp_path_factory: pytest.TempPathFactory
) -> Fitted:
    return fit(images, validation, TOGETHER, tmp_path_factory.mktemp("together"), tell=told.append)


def test_they_come_to_one_network_and_one_history(together: Fitted, told: list[EpochRecord]) -> None:
    assert [record.epoch for record in together.history] == [1, 2]
    assert told == list(together.history)
    assert all(value.isfinite().all() for value in together.network.state_dict().values())


def test_they_make_the_steps_that_one_process_makes(
    together: Fitted, images: Images, validation: Images, tmp_path: Path
) -> None:
    alone = fit(images, validation, replace(TOGETHER, devices=1), tmp_path, tell=lambda _: None)
    weights = together.network.state_dict()
    for name, value in alone.network.state_dict().items():
        torch.testing.assert_close(weights[name], value, rtol=1e-3, atol=1e-5)
    assert together.history[-1].train_loss == pytest.approx(alone.history[-1].train_loss, rel=1e-4)


@pytest.mark.parametrize(("batch_size", "devices"), [(8, 3), (2, 2)])
def test_a_batch_that_is_not_shared_evenly_is_told(
    images: Images, nothing: Images, tmp_path: Path, batch_size: int, devices: int
) -> None:
    with pytest.raises(ParameterError, match=rf"train.devices is {devices}, and a batch of {batch_size} images"):
        fit(images, nothing, replace(RECIPE, batch_size=batch_size, devices=devices), tmp_path)
