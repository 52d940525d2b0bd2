"""timm networks as routers."""

from pathlib import Path

import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file

from dicom_router.errors import ParameterError
from dicom_router.labels import CLASSES
from dicom_router.model.training.catalogue import GROUPS, MODERN, PAPER
from dicom_router.model.training.export import export_onnx
from dicom_router.model.training.networks import RouterNetwork, create_network


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "mobilenetv4_conv_small_035"])
def test_any_family_takes_one_channel_of_any_size(name: str) -> None:
    logits, features = create_network(name, 64).eval().logits_and_features(torch.rand(2, 1, 64, 64))
    assert logits.shape == (2, len(CLASSES))
    assert features.ndim == 2 and len(features) == 2


def test_both_ways_to_the_logits_agree() -> None:
    network = create_network("test_resnet", 32).eval()
    pixels = torch.rand(3, 1, 32, 32)
    torch.testing.assert_close(network(pixels), network.logits_and_features(pixels)[0])


@pytest.mark.parametrize(
    ("kind", "mean", "std"), [("centred", 0.5, 0.25), ("imagenet", 0.449, 0.226), ("none", 0.0, 1.0)]
)
def test_normalisation_is_part_of_the_network(kind: str, mean: float, std: float) -> None:
    network = create_network("test_resnet", 32, normalisation=kind).eval()
    pixels = torch.rand(3, 1, 32, 32)
    torch.testing.assert_close(network(pixels), network.backbone((pixels - mean) / std))


def test_three_channels_are_the_grey_image_three_times() -> None:
    network = create_network("test_resnet", 32, channels=3, normalisation="none").eval()
    pixels = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(network(pixels), network.backbone(torch.cat([pixels] * 3, dim=1)))


@pytest.mark.parametrize(("channels", "last"), [(1, True), (3, False)])
def test_a_narrow_layer_that_takes_steps_keeps_the_layout_in_which_its_gradient_is_right(
    channels: int, last: bool
) -> None:
    network = create_network("fastvit_t8", 64, channels=channels, normalisation="none").train()
    weight = network.get_parameter("backbone.stem.0.conv_kxk.0.conv.weight")  # 3 x 3, so that layouts differ
    assert weight.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


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


def step(network: RouterNetwork, size: int) -> None:
    """Learn from two images."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    network.train()(torch.rand(2, 1, size, size)).logsumexp(1).sum().backward()
    optimizer.step()


def test_the_catalogue_holds_the_papers_seven_and_four_more() -> None:
    assert len(PAPER) == 7 and len(MODERN) >= 4
    assert len({entry.name for entry in GROUPS["all"]}) == len(PAPER) + len(MODERN)


@pytest.mark.parametrize("name", [entry.name for entry in GROUPS["all"]])
def test_every_network_of_the_catalogue_learns_in_a_step(name: str) -> None:
    torch.manual_seed(0)
    network = create_network(name, 64)
    before = [parameter.clone() for parameter in network.parameters()]
    step(network, 64)
    pairs = zip(before, network.parameters(), strict=True)
    assert any(not torch.equal(old, new) for old, new in pairs)
    assert all(parameter.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize("name", ["convnext_atto"])
def test_what_is_exported_agrees_with_pytorch(name: str, tmp_path: Path) -> None:
    network = create_network(name, 64, channels=3, normalisation="none")
    step(network, 64)
    export_onnx(network.eval(), 64, tmp_path / "network.onnx")  # compares, and raises


@pytest.mark.long
@pytest.mark.parametrize("name", [entry.name for entry in GROUPS["all"]])
def test_every_network_of_the_catalogue_is_exported_and_agrees_with_pytorch(name: str, tmp_path: Path) -> None:
    network = create_network(name, 64)
    step(network, 64)
    export_onnx(network.eval(), 64, tmp_path / "network.onnx")


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Return weights of three colours and a thousand classes, as they are published."""
    path = tmp_path / "model.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=1000).state_dict(), path)
    return path


def test_training_starts_from_a_file_of_weights(others: Path) -> None:
    torch.manual_seed(0)
    start = [create_network("test_resnet", 32, weights=str(others)).state_dict() for _ in range(2)]
    random = create_network("test_resnet", 32).state_dict()
    inner = "backbone.layer1.0.conv1.weight"
    assert torch.equal(start[0][inner], start[1][inner]) and not torch.equal(start[0][inner], random[inner])


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [
        ("test_resnet", "missing.safetensors", r"'missing.safetensors', and there is no such file"),
        ("test_vit", "others", r"test_vit.*from .*model.safetensors.*another network"),
        ("test_resnet", "damaged", r"test_resnet.*from .*damaged.safetensors"),
    ],
)
def test_weights_that_do_not_fit_are_told(name: str, weights: str, said: str, others: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"damaged")
    named = {"others": str(others), "damaged": str(damaged)}.get(weights, weights)
    with pytest.raises(ParameterError, match=said):
        create_network(name, 32, weights=named)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("timm/test_resnet.r160_in1k@0123abc", r"nor to be had from the hub .*random trains without it"),
        ("no hub name!", r"train.weights is 'no hub name!'"),
    ],
)
def test_a_hub_that_cannot_be_reached_is_told(
    weights: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ParameterError, match=said):
        create_network("test_resnet", 32, weights=weights)
