"""``dicom-router import`` as a person types it."""

import logging
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dataset.hospital import KEY, content, dicom

from dicom_router.cli.import_ import command
from dicom_router.dataset.pseudonyms import KEY_VARIABLE
from dicom_router.dataset.table import read_labels
from dicom_router.errors import DataError, PseudonymKeyError, RouterError, UnknownLabel


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project folder, in which the command runs with a key."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/dvc.yaml").touch()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return tmp_path / "project"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "Doe^Jane"
    dicom(folder / "spine" / "Doe^Jane", 1)
    dicom(folder / "abdomen" / "film", 2, PatientID="ANON")
    (folder / "notes.txt").write_text("nothing to see\n" * 20)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["--jobs", "0", *map(str, arguments)], catch_exceptions=True)


def error_of(result: Result) -> RouterError:
    assert isinstance(result.exception, RouterError), result.output
    return result.exception


def test_the_account_adds_up_and_says_what_comes_next(source: Path) -> None:
    result = run(source, "--label-from", "folder", "--site", "north")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines == [
        "seen 3 files",
        "imported 2 1 abdomen, 1 spine",
        "already there 0",
        "refused 1",
        "1 not_dicom: neither DICOM nor a PNG or JPEG image",
        "which files, by their original names: private/refused-1.csv (keep it private)",
        "1 have no patient id and are split by study instead",
        "data/labels.csv lists 2 images; next: dvc add data && dvc repro",
    ]


def test_a_table_in_the_source_is_no_film(source: Path) -> None:
    (source / "labels.csv").write_text("path,label,ward\nspine/Doe^Jane,spine,7\n")
    (source / "notes.txt").unlink()
    (source / "abdomen" / "film").unlink()
    result = run(source, "--label-from", source / "labels.csv", "--site", "north")
    assert "seen                   2 files" in result.stdout
    assert "1 column(s) of the table are not used" in result.stderr


def test_one_label_counts_for_all(source: Path) -> None:
    run(source, "--label", "others", "--site", "north", "--cohort", "external")
    rows = read_labels(Path("data"))
    assert set(rows["label"]) == {"other"} and set(rows["cohort"]) == {"external"}


def test_outside_a_project_nothing_is_written(source: Path, project: Path) -> None:
    (project / "dvc.yaml").unlink()
    assert "run from the project's folder" in str(error_of(run(source, "--label", "spine", "--site", "north")))
    assert list(project.iterdir()) == []


def test_no_list_of_refusals_overwrites_another_and_all_are_private(source: Path) -> None:
    for _ in range(2):
        run(source, "--label", "spine", "--site", "north")
    lists = sorted(Path("private").glob("*.csv"))
    assert [path.name for path in lists] == ["refused-1.csv", "refused-2.csv"]
    assert {path.stat().st_mode & 0o777 for path in lists} == {0o600}


def test_a_dry_run_says_so_and_writes_no_data(source: Path) -> None:
    result = run(source, "--label", "spine", "--site", "north", "--dry-run")
    assert "dry run: nothing is added" in result.stdout
    assert not Path("data").exists()


def test_no_original_name_is_printed_or_logged(source: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        (source / "spine" / "Doe^Jane 2").touch()
        result = run(source, "--label", "spine", "--site", "north")
    assert "Doe" not in result.output + caplog.text


def test_only_private_files_hold_original_names(source: Path, project: Path) -> None:
    (source / "spine" / "Doe^Jane 2").touch()
    run(source, "--label", "spine", "--site", "north")
    assert {path for path, text in content(project).items() if b"Doe" in text} == {
        "private/refused-1.csv",
        "private/ledger.sqlite",
    }


@pytest.mark.parametrize("key", [None, "", "short"])
def test_without_a_key_nothing_happens_and_the_way_to_make_one_is_shown(
    source: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    if key is not None:
        monkeypatch.setenv(KEY_VARIABLE, key)
    error = error_of(run(source, "--label", "spine", "--site", "north"))
    assert isinstance(error, PseudonymKeyError) and "secrets.token_hex(32)" in str(error)
    assert not Path("data").exists()


@pytest.mark.parametrize("options", [[], ["--label", "spine", "--label-from", "folder"]])
def test_there_is_one_way_to_label(source: Path, options: list[str]) -> None:
    assert "either --label CLASS" in str(error_of(run(source, *options, "--site", "north")))


def test_an_unknown_class_names_the_accepted_ones(source: Path) -> None:
    error = error_of(run(source, "--label", "knee", "--site", "north"))
    assert isinstance(error, UnknownLabel) and "pediatric_chest" in str(error)


def test_a_table_that_lies_elsewhere_names_paths_below_the_source(source: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "labels.csv").write_text("path,label\nspine/Doe^Jane,spine\ntables/x,other\n")
    result = run(source, "--label-from", tmp_path / "tables" / "labels.csv", "--site", "north")
    assert "imported               1   1 spine" in result.output and "missing_file:" in result.output


def test_an_import_that_takes_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no films" in str(error_of(run(tmp_path / "empty", "--label", "spine", "--site", "north")))
    (tmp_path / "empty" / "film").touch()
    result = run(tmp_path / "empty", "--label", "spine", "--site", "north")
    assert isinstance(result.exception, DataError) and "no film could be taken" in str(result.exception)


def test_the_site_is_asked_for(source: Path) -> None:
    assert "Missing option '--site'" in run(source, "--label", "spine").output


def test_the_same_import_again_is_no_failure(source: Path) -> None:
    (source / "notes.txt").unlink()
    for _ in range(2):
        result = run(source, "--label", "spine", "--site", "north")
        assert result.exit_code == 0, result.output
    assert "already there          2" in result.stdout


def test_an_archive_is_a_source(source: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "export"), "zip", source)
    assert "seen                   3 files" in run(archive, "--label-from", "folder", "--site", "north").stdout
