"""The ledger: where each film came from, for who may know, and nobody else."""

import sqlite3
from pathlib import Path

import pytest
from dataset.hospital import KEY, bring, dicom

from dicom_router.dataset.forgetting.records import without_films
from dicom_router.dataset.forgetting.targets import Target
from dicom_router.dataset.importing.labelling import OneLabel
from dicom_router.dataset.importing.ledger import LEDGER
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dataset.table import read_labels
from dicom_router.errors import DataError

SPINE = OneLabel("spine")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a dataset of two films, of which one came twice."""
    for name, seed in (("Doe^Jane", 1), ("copy", 1), ("other", 2)):
        dicom(tmp_path / "export" / name, seed)
    bring(tmp_path / "export", tmp_path / "project" / "data", SPINE)
    return tmp_path / "project"


def rows(project: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(project / "private" / LEDGER)
    found = sorted(connection.execute("SELECT source, image, patient, study FROM films"))
    connection.close()
    return found


def test_it_leads_from_every_source_to_the_image_and_its_pseudonyms(project: Path, tmp_path: Path) -> None:
    labels = read_labels(project / "data")
    known = {Path(row.path).stem: (row.patient_id, row.study_id) for row in labels.itertuples()}
    found = rows(project)
    assert [Path(source).relative_to(tmp_path / "export").as_posix() for source, *_ in found] == [
        "Doe^Jane",
        "copy",
        "other",
    ]
    assert all(known[image] == (patient, study) for _, image, patient, study in found)
    assert found[0][1] == found[1][1] != found[2][1]


def test_it_is_for_its_owner_only_and_no_part_of_a_repository(project: Path) -> None:
    private = project / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert (private / LEDGER).stat().st_mode & 0o777 == 0o600
    assert (private / ".gitignore").read_text() == "*\n"
    assert {path.name for path in private.iterdir()} == {LEDGER, ".gitignore"}


def test_the_same_import_again_changes_no_row(project: Path, tmp_path: Path) -> None:
    before = rows(project)
    bring(tmp_path / "export", project / "data", SPINE)
    assert rows(project) == before


def test_a_lost_ledger_is_made_again_by_the_same_import(project: Path, tmp_path: Path) -> None:
    before = rows(project)
    (project / "private" / LEDGER).unlink()
    bring(tmp_path / "export", project / "data", SPINE)
    assert rows(project) == before


def test_a_dry_run_notes_nothing(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "film", 1)
    bring(tmp_path / "export", tmp_path / "project" / "data", SPINE, dry_run=True)
    assert rows(tmp_path / "project") == []


def test_films_that_are_refused_are_not_in_it(tmp_path: Path) -> None:
    for folder in ("spine", "abdomen"):
        dicom(tmp_path / "export" / folder / "film", 1)
    bring(tmp_path / "export", tmp_path / "project" / "data")
    assert rows(tmp_path / "project") == []


def test_a_forgotten_patient_is_in_no_byte_of_it(project: Path) -> None:
    patient = Pseudonyms(KEY).patient("P1")
    with without_films(project, Target(patient, (), "")):
        pass
    assert [Path(source).name for source, *_ in rows(project)] == ["other"]
    bytes_left = (project / "private" / LEDGER).read_bytes()
    assert b"Doe" not in bytes_left and patient.encode() not in bytes_left


def test_no_import_starts_while_a_patient_is_forgotten(project: Path, tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "another", 3)
    with (
        without_films(project, Target(Pseudonyms(KEY).patient("P1"), (), "")),
        pytest.raises(DataError, match="import is under way"),
    ):
        bring(tmp_path / "export", project / "data", SPINE)


def test_a_damaged_ledger_is_an_error_in_words(project: Path, tmp_path: Path) -> None:
    (project / "private" / LEDGER).write_bytes(b"no database " * 1000)
    with pytest.raises(DataError, match="move it away"):
        bring(tmp_path / "export", project / "data", SPINE)


def test_the_dataset_may_not_hold_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dicom(tmp_path / "export" / "film", 1)
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    with pytest.raises(DataError, match=f"--data {tmp_path / 'data'}"):
        bring(tmp_path / "export", Path(), SPINE)
