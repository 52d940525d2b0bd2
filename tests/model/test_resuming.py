"""A killed training goes on where it was, and ends with the same bits."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from model.made_up import RECIPE

from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import Fitted, fit
from dicom_router.model.training.lesson import Lesson

LONG = replace(RECIPE, epochs=4)
TRAIN = """
import json, sys
from pathlib import Path
from model.made_up import made_up_images
from dicom_router.model.training.recipe import Recipe
from dicom_router.model.training.fitting import fit
print("loaded", *{"pydicom", "pydantic", "ruamel", "prefect", "mlflow", "dvc"}.intersection(sys.modules))
recipe = Recipe.from_mapping(json.loads(sys.argv[1]))
fit(made_up_images(60), made_up_images(20, seed=1), recipe, Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def uninterrupted(images: Images, validation: Images, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fit(images, validation, LONG, tmp_path_factory.mktemp("whole"))


def assert_same(first: Fitted, second: Fitted) -> None:
    assert first.history == second.history
    one, other = first.network.state_dict(), second.network.state_dict()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Train in another process, kill it when it says that epoch 2 is over; return its folder and what it printed."""
    work, printed = tmp_path_factory.mktemp("killed"), []
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, json.dumps(asdict(LONG)), str(work)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            printed.append(line)
            if line.startswith("epoch   2/"):
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    return work, printed


def test_a_killed_training_resumes_with_the_same_bits_and_repeats_no_epoch(
    uninterrupted: Fitted,
    killed: tuple[Path, list[str]],
    images: Images,
    validation: Images,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work, _ = killed
    done = int(max(work.glob("epoch-*.ckpt")).stem.partition("-")[2])
    resumed = fit(images, validation, LONG, work)
    printed = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert done >= 2 and printed == [f"{epoch}/4" for epoch in range(done + 1, 5)]
    assert_same(resumed, uninterrupted)


def test_training_loads_nothing_that_a_bare_gpu_machine_lacks(killed: tuple[Path, list[str]]) -> None:
    _, printed = killed
    assert printed[0].split() == ["loaded"]


@pytest.mark.parametrize("left", [0, 1, 1000, 1_000_000])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    uninterrupted: Fitted,
    images: Images,
    validation: Images,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    left: int,
) -> None:
    fit(images, validation, LONG, tmp_path)
    newest = tmp_path / "epoch-00004.ckpt"
    newest.write_bytes(newest.read_bytes()[:left])
    capsys.readouterr()
    resumed = fit(images, validation, LONG, tmp_path)
    assert "epoch-00004.ckpt cannot be read" in capsys.readouterr().out
    assert_same(resumed, uninterrupted)


def test_a_training_that_somebody_stops_says_so(
    images: Images, validation: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Lesson, "training_step", stop)
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(images, validation, LONG, tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)  # Lightning ignores further ones


def test_a_finished_training_is_not_trained_again(
    uninterrupted: Fitted, images: Images, validation: Images, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(images, validation, LONG, tmp_path)
    capsys.readouterr()
    assert_same(fit(images, validation, LONG, tmp_path), uninterrupted)
    assert capsys.readouterr().out == ""
