"""``dicom-router classify``."""

import csv
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from model.films import write_film
from model.made_up import band_pixels
from pyarrow import parquet

from dicom_router.cli.classify import SOME_UNREADABLE, command
from dicom_router.errors import DataError, ModelError
from dicom_router.labels import CLASSES
from dicom_router.model.packaging.writing import Ingredients, write_model

GUARANTEE = "guarantee not met: certified only at 12.0% (asked for 0.50%)"
SHOWN = (
    ".hidden",
    "b",
    "c\\n.txt",
    "film\N{REPLACEMENT CHARACTER}",
    "a.dcm",
    "export.zip!/inner/film",
    "export.zip!/bomb",
    "export.zip!/nested.zip",
)
LABELS = ("-", "abdomen", "-", "-", "spine", "other", "-", "-")


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of films, of a ZIP archive of films, and of what is none."""
    folder = tmp_path_factory.mktemp("films") / "inbox"
    (folder / "later").mkdir(parents=True)
    write_film(folder / "b", band_pixels(0), synthetic=True, BodyPartExamined="CHEST", PatientAge="045Y")
    write_film(folder / "later" / "a.dcm", band_pixels(3), synthetic=True, BodyPartExamined="SPINE")
    write_film(folder / "film", band_pixels(4), synthetic=True)
    for name in (".hidden", "c\n.txt", os.fsdecode(b"film\xff")):
        (folder / name).write_text("no film")
    with zipfile.ZipFile(folder / "later" / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "film", "inner/film")
        archive.writestr("bomb", bytes(80 << 20))
        archive.writestr("nested.zip", b"PK\x03\x04")
    (folder / "film").unlink()
    return folder


def classify(model: Path, *arguments: object, given: bytes = b"") -> Result:
    return CliRunner().invoke(command, ["--model", str(model), *map(str, arguments)], input=given)


@pytest.fixture(scope="module")
def table(shared_model: Path, inbox: Path) -> Result:
    return classify(shared_model, inbox)


@pytest.fixture(scope="module")
def rows(shared_model: Path, inbox: Path) -> list[dict[str, Any]]:
    done = classify(shared_model, "--format", "jsonl", "--workers", 2, inbox)
    assert done.exit_code == SOME_UNREADABLE
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_table_has_one_row_for_each_entry_in_order(table: Result) -> None:
    lines = table.stdout.splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(LABELS)
    for line, name in zip(lines, SHOWN, strict=True):
        assert name in line


def test_bad_files_are_rows_and_the_exit_code_tells(table: Result) -> None:
    assert table.exit_code == SOME_UNREADABLE
    assert all(reason in table.stdout for reason in ("not_dicom", "archive_bomb", "archive_nested"))
    assert table.stderr.splitlines() == [GUARANTEE, "5 file(s) could not be read"]


def test_a_table_says_that_the_model_is_synthetic_and_where_a_header_differs(table: Result) -> None:
    assert table.stdout.splitlines()[0].endswith("(synthetic model)")
    assert "differs: CHEST, 45 years" in table.stdout


def test_a_json_row_names_classes_decision_and_model(rows: list[dict[str, Any]]) -> None:
    row = rows[1]
    assert list(row["probabilities"]) == list(CLASSES) and sum(row["probabilities"].values()) == pytest.approx(1)
    assert row["synthetic_model"] is True and len(row["model"]) == 16 and row["seconds"] > 0
    assert row["decision"] in ("route", "review") and (row["decision"] == "review") == bool(row["reasons"])
    assert row["outlier_score"] >= 0 and row["guarantee"] == GUARANTEE


def test_a_json_row_holds_what_the_header_claims(rows: list[dict[str, Any]]) -> None:
    abdomen, spine, other = (row["header"] for row in rows if row["label"])
    assert abdomen == {
        "BodyPartExamined": "CHEST",
        "age_years": 45.0,
        "allows": ["adult_chest"],
        "disagrees": True,
    }
    assert (spine["allows"], spine["disagrees"]) == (["spine"], False)
    assert (other["BodyPartExamined"], other["allows"], other["disagrees"]) == ("", [], None)


def test_two_workers_give_the_rows_of_one(shared_model: Path, inbox: Path, rows: list[dict[str, Any]]) -> None:
    of_one = [json.loads(line) for line in classify(shared_model, "--format", "jsonl", inbox).stdout.splitlines()]
    assert [row | {"seconds": None} for row in rows] == [row | {"seconds": None} for row in of_one]
    assert [row["label"] or "-" for row in rows] == list(LABELS)


def test_a_list_on_standard_input_is_read_in_its_order(shared_model: Path, inbox: Path) -> None:
    names = (inbox / "later" / "a.dcm", inbox / "later" / "export.zip", inbox / "b", inbox / "gone")
    given = b"".join(bytes(name) + b"\0" for name in names)
    done = classify(shared_model, "-0", "--format", "csv", inbox / "c\n.txt", "-", given=given)
    labels = [row["label"] for row in csv.DictReader(io.StringIO(done.stdout))]
    assert labels == ["", "spine", "other", "", "", "abdomen", ""]
    assert "missing_file" in done.stdout.splitlines()[-1]


def test_parquet_is_written_to_a_file_whole(shared_model: Path, inbox: Path, tmp_path: Path) -> None:
    target = tmp_path / "results.parquet"
    done = classify(shared_model, "--output", target, inbox / "b", inbox / "later")
    assert (done.exit_code, done.stdout) == (SOME_UNREADABLE, "")
    assert parquet.read_table(target)["label"].to_pylist() == ["abdomen", "spine", "other", "", ""]


def test_a_folder_that_is_not_there_is_not_made_for_the_output(shared_model: Path, inbox: Path, tmp_path: Path) -> None:
    done = classify(shared_model, "--output", tmp_path / "share" / "results.csv", inbox)
    assert done.exit_code == 1 and "share does not exist" in str(done.exception)
    assert not (tmp_path / "share").exists()


def test_the_output_is_no_film(shared_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "film", band_pixels(0), synthetic=True)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the second time it is there already
        done = classify(shared_model, "--format", "csv", "--output", "results.csv", ".")
        assert done.exit_code == 0
        rows = csv.DictReader(Path("results.csv").read_text().splitlines())
        assert [row["path"] for row in rows] == ["film"]


def test_parquet_is_not_written_to_a_terminal(shared_model: Path, inbox: Path) -> None:
    done = classify(shared_model, "--format", "parquet", inbox)
    assert done.exit_code == 2 and "--output FILE" in done.stderr


@pytest.mark.parametrize("given", ["folder", "list"])
def test_nothing_to_classify_is_an_error_and_leaves_no_file(shared_model: Path, tmp_path: Path, given: str) -> None:
    (tmp_path / "empty").mkdir()
    path = tmp_path / "empty" if given == "folder" else "-"
    done = classify(shared_model, "--output", tmp_path / "results", "--format", "csv", path)
    assert isinstance(done.exception, DataError)
    assert [entry.name for entry in tmp_path.iterdir()] == ["empty"]


def test_a_real_film_needs_the_flag(shared_model: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "real", band_pixels(0), synthetic=False)
    assert isinstance(classify(shared_model, film).exception, ModelError)
    assert classify(shared_model, "--allow-synthetic-model", film).exit_code == 0


def test_a_class_that_the_training_never_saw_is_named_once(
    network_folder: Path, calibration_folder: Path, ingredients: Ingredients, inbox: Path, tmp_path: Path
) -> None:
    images = {"train": dict.fromkeys(CLASSES, 12) | {"abdomen": 0}}
    some = replace(ingredients, dataset={**ingredients.dataset, "images": images})
    write_model(tmp_path / "model", network_folder, calibration_folder, some)
    done = classify(tmp_path / "model", inbox / "b", inbox / "later" / "a.dcm")
    assert done.stderr.splitlines() == [GUARANTEE, "this model was never trained on abdomen: it cannot recognise it"]


def test_the_help_documents_the_exit_codes() -> None:
    text = CliRunner().invoke(command, ["--help"]).stdout
    assert f"{SOME_UNREADABLE} at least one could not be read" in " ".join(text.split())
