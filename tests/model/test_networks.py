"""timm networks as routers."""

import pytest
import torch

from dicom_router.errors import ParameterError
from dicom_router.labels import CLASSES
from dicom_router.model.training.networks import MEAN, STD, create_network


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "mobilenetv4_conv_small_035"])
def test_any_family_takes_one_channel_of_any_size(name: str) -> None:
    logits, features = create_network(name, 64).eval().logits_and_features(torch.rand(2, 1, 64, 64))
    assert logits.shape == (2, len(CLASSES))
    assert features.ndim == 2 and len(features) == 2


def test_both_ways_to_the_logits_agree() -> None:
    network = create_network("test_resnet", 32).eval()
    pixels = torch.rand(3, 1, 32, 32)
    torch.testing.assert_close(network(pixels), network.logits_and_features(pixels)[0])


def test_normalisation_is_part_of_the_network() -> None:
    network = create_network("test_resnet", 32).eval()
    pixels = torch.rand(3, 1, 32, 32)
    torch.testing.assert_close(network(pixels), network.backbone((pixels - MEAN) / STD))


def test_checking_a_network_leaves_its_statistics_alone() -> None:
    buffers = dict(create_network("test_resnet", 32).named_buffers())
    assert all((value == 0).all() for name, value in buffers.items() if name.endswith("running_mean"))


@pytest.mark.parametrize(
    ("name", "near"), [("resnet81", "resnet18"), ("mobilenet_v1", "mobilenetv1_100"), ("qqqqqqqq", "timm.list_models")]
)
def test_an_unknown_network_is_told_its_neighbours(name: str, near: str) -> None:
    with pytest.raises(ParameterError, match=rf"train.network is '{name}'.*{near}"):
        create_network(name, 32)


def test_a_network_that_cannot_take_the_image_says_so() -> None:
    with pytest.raises(ParameterError, match=r"test_vit.*50 x 50"):
        create_network("test_vit", 50)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "mobilenetv4_conv_small_035"])
def test_an_untrained_network_is_undecided(name: str) -> None:
    network = create_network(name, 64).train()
    logits = network(torch.rand(4, 1, 64, 64))
    assert logits.softmax(1).max() < 0.5
