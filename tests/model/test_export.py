"""Networks as files."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from model.made_up import SIZE

from dicom_router.errors import ModelError
from dicom_router.model.folder import GRAPH, NETWORK, WEIGHTS, read_specification
from dicom_router.model.session import open_session
from dicom_router.model.training.export import check_agreement, export_onnx, load_network, load_weights, save_weights
from dicom_router.model.training.fitting import Fitted
from dicom_router.model.training.networks import create_network


@pytest.mark.parametrize("count", [1, 2, 7])
def test_onnx_and_torch_agree_on_batches_of_any_size(network_folder: Path, fitted: Fitted, count: int) -> None:
    pixels = np.random.default_rng(count).random((count, 1, SIZE, SIZE), dtype=np.float32)
    with torch.no_grad():
        expected = [output.numpy() for output in fitted.network.logits_and_features(torch.from_numpy(pixels))]
    check_agreement(network_folder / GRAPH, pixels, expected)


def test_exporting_twice_gives_the_same_bytes(
    network_folder: Path, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export_onnx(fitted.network, SIZE, tmp_path / GRAPH)
    save_weights(fitted.network, tmp_path / WEIGHTS)
    for name in (GRAPH, WEIGHTS):
        assert (tmp_path / name).read_bytes() == (network_folder / name).read_bytes()


def test_the_graph_holds_no_path(network_folder: Path) -> None:
    content = (network_folder / GRAPH).read_bytes()
    for trace in (str(ROOT).encode(), rb"site-packages", rb"\w{3,}\.py\b"):
        assert re.search(trace, content) is None


def test_the_graph_names_its_ends(network_folder: Path) -> None:
    session = open_session(network_folder / GRAPH)
    assert [node.name for node in session.get_inputs()] == ["pixels"]
    assert [node.name for node in session.get_outputs()] == ["logits", "features"]


def test_an_export_that_answers_otherwise_is_refused(network_folder: Path) -> None:
    pixels = np.zeros((1, 1, SIZE, SIZE), np.float32)
    features = read_specification(network_folder, NETWORK)["num_features"]
    with pytest.raises(ModelError, match="logits differ"):
        check_agreement(network_folder / GRAPH, pixels, [np.full((1, 5), 9.0), np.zeros((1, features))])


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / GRAPH).write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot read"):
        open_session(tmp_path / GRAPH)


def test_weights_come_back_bit_for_bit(network_folder: Path, fitted: Fitted) -> None:
    loaded = load_network(network_folder, read_specification(network_folder, NETWORK)).state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in fitted.network.state_dict().items())


def test_weights_of_another_network_are_refused(network_folder: Path) -> None:
    with pytest.raises(ModelError, match="does not hold the weights"):
        load_weights(create_network("test_vit", SIZE), network_folder / WEIGHTS)


def test_damaged_weights_are_refused(fitted: Fitted, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(ModelError, match="does not hold the weights"):
        load_weights(copy.deepcopy(fitted.network), tmp_path / WEIGHTS)


def test_exporting_leaves_the_network_as_it_was(fitted: Fitted, tmp_path: Path) -> None:
    before = copy.deepcopy(fitted.network.state_dict())
    export_onnx(fitted.network, SIZE, tmp_path / GRAPH)
    after = fitted.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_history_has_a_line_for_each_epoch(network_folder: Path, fitted: Fitted) -> None:
    header, *rows = (network_folder / "history.csv").read_text().splitlines()
    assert header == "epoch,train_loss,validation_loss,validation_macro_f1,validation_accuracy,learning_rate"
    assert len(rows) == len(fitted.history)
