"""The leaderboard's commands, as its document shows them, on films that the pipeline split."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import LEADERBOARD, Ran, commands, run_here, runnable

from dicom_router.registry.server import ADDRESS


@pytest.fixture(scope="module")
def here(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the project's films and split, where new files disturb nobody."""
    folder = tmp_path_factory.mktemp("contest")
    for name in ("data", "artifacts"):
        (folder / name).symlink_to(project / name)
    shutil.copyfile(project / "params.yaml", folder / "params.yaml")
    return folder


@pytest.fixture(scope="module")
def ran(here: Path) -> Iterator[Ran]:
    """Run every command of the document, where no MLflow server answers."""
    yield run_here(here, [runnable(line) for line in commands(LEADERBOARD)], **{ADDRESS: "http://127.0.0.1:1"})


@pytest.fixture(scope="module")
def board(here: Path, ran: Ran) -> Any:
    assert ran.code == 0, ran.printed
    return json.loads((here / "reports/leaderboard.json").read_text(encoding="utf-8"))


def test_the_documents_commands_run_and_say_that_no_mlflow_answers(ran: Ran) -> None:
    assert ran.code == 0, ran.printed
    assert "MLflow    not recorded" in ran.printed


def test_each_entry_has_its_figures_its_cost_and_its_comparison(board: Any) -> None:
    assert [row["rank"] for row in board["rows"]] == [1, 2]
    for row in board["rows"]:
        assert {"recall", "precision", "f1"} < set(row["test"]) and {"recall", "f1"} < set(row["external"])
        assert row["parameters"] > 0 and row["seconds_per_image"] > 0 and row["training_seconds"] > 0
    assert board["rows"][0]["against_best"] is None
    assert board["rows"][1]["against_best"]["verdict"]


def test_the_page_and_its_markdown_cite_the_paper_and_say_what_differs(here: Path, board: Any) -> None:
    for name in ("html", "md"):
        text = (here / f"reports/leaderboard.{name}").read_text(encoding="utf-8")
        assert "test_efficientnet" in text and "mobilenetv1_100" in text
        assert "of other films" in text and "defect" in text and "ynthetic" in text


def test_a_finished_training_is_not_repeated_and_one_that_cannot_be_is_told(here: Path, board: Any) -> None:
    first = runnable(commands(LEADERBOARD)[0])
    other = first.replace("test_efficientnet", "test_efficientnet,test_vit").replace("image_size=64", "image_size=50")
    last = run_here(here, [first, other])
    assert last.printed.count("was finished by an earlier run") == 1
    assert "test_vit, params, seed 42 cannot be trained" in last.printed
    failed = json.loads((here / "reports/leaderboard.json").read_text(encoding="utf-8"))["failed"]
    assert [each["entry"] for each in failed] == ["test_vit, params, seed 42"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--networks resnet81", "near names"),
        ("--recipes papers", "accepted: default, paper, params"),
        ("--set train.epoch=1", "unknown parameter train.epoch"),
        ("--set epochs", "is not KEY=VALUE"),
    ],
)
def test_a_mistake_is_told_before_anything_is_trained(here: Path, options: str, said: str) -> None:
    ran = run_here(here, [f"dicom-router leaderboard {options}"])
    assert ran.code != 0 and said in ran.printed and "training 1 of" not in ran.printed
