"""``dicom-router classify``."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from model.films import write_film
from model.made_up import band_pixels

from dicom_router.cli.classify import SOME_UNREADABLE, command
from dicom_router.errors import DataError, ModelError
from dicom_router.labels import CLASSES


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "later").mkdir(parents=True)
    write_film(folder / "b", band_pixels(0), synthetic=True)
    write_film(folder / "later" / "a.dcm", band_pixels(3), synthetic=True)
    (folder / ".hidden").write_text("not looked at")
    return folder


def classify(model: Path, *arguments: object) -> Result:
    return CliRunner().invoke(command, ["--model", str(model), *map(str, arguments)])


def test_a_folder_gives_one_row_for_each_entry_in_order(model_folder: Path, inbox: Path) -> None:
    done = classify(model_folder, "--format", "jsonl", inbox)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(Path(row["path"]).name, row["label"]) for row in rows] == [
        (".hidden", None),
        ("b", "abdomen"),
        ("a.dcm", "spine"),
    ]
    assert done.exit_code == SOME_UNREADABLE


def test_a_json_row_names_classes_and_model(model_folder: Path, inbox: Path) -> None:
    row = json.loads(classify(model_folder, "--format", "jsonl", inbox / "b").stdout)
    assert list(row["probabilities"]) == list(CLASSES)
    assert row["synthetic_model"] is True and len(row["model"]) == 16


def test_a_json_row_holds_the_decision(model_folder: Path, inbox: Path) -> None:
    row = json.loads(classify(model_folder, "--format", "jsonl", inbox / "b").stdout)
    assert row["decision"] in ("route", "review") and (row["decision"] == "review") == bool(row["reasons"])
    assert row["outlier_score"] >= 0
    assert row["guarantee"] == "guarantee not met: certified only at 12.0% (asked for 0.50%)"


def test_a_table_shows_the_decision_and_that_the_guarantee_is_not_met(model_folder: Path, inbox: Path) -> None:
    done = classify(model_folder, inbox / "b")
    assert "route" in done.stdout or "review: unsure" in done.stdout
    assert done.stderr == "guarantee not met: certified only at 12.0% (asked for 0.50%)\n"


def test_a_table_says_that_the_model_is_synthetic(model_folder: Path, inbox: Path) -> None:
    assert "(synthetic model)" in classify(model_folder, inbox / "b").stdout


def test_a_bad_file_is_a_row_and_the_exit_code_tells(model_folder: Path, inbox: Path) -> None:
    (inbox / "c.txt").write_text("no film")
    done = classify(model_folder, inbox)
    assert done.exit_code == SOME_UNREADABLE
    assert len(done.stdout.splitlines()) == 2 + 4
    assert "not_dicom" in done.stdout


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_a_name_that_is_no_text_is_shown_all_the_same(model_folder: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / os.fsdecode(b"film\xff")).write_text("no film")
    done = classify(model_folder, "--format", form, tmp_path)
    assert done.exit_code == SOME_UNREADABLE
    assert "film\N{REPLACEMENT CHARACTER}" in done.stdout


def test_an_empty_folder_is_an_error(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert isinstance(classify(model_folder, tmp_path / "empty").exception, DataError)


def test_a_real_film_needs_the_flag(model_folder: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "real", band_pixels(0), synthetic=False)
    assert isinstance(classify(model_folder, film).exception, ModelError)
    assert classify(model_folder, "--allow-synthetic-model", film).exit_code == 0


def test_the_help_documents_the_exit_codes() -> None:
    text = CliRunner().invoke(command, ["--help"]).stdout
    assert f"{SOME_UNREADABLE} at least one could not be read" in " ".join(text.split())
