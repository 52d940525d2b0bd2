"""A patient taken out of the log."""

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from monitoring.conftest import Asking
from monitoring.delivering import KEY, SITE, deliver, rows, run

from dicom_router import cli
from dicom_router.dataset.pseudonyms import Pseudonyms

PATIENT = "MRN 0815"


@pytest.fixture
def folder(tmp_path: Path, inbox: Path, asking: Asking, blind: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose log has two films of the patient, one of their study that names nobody, and another's.

    Champion and challenger answered each.
    """
    study = {"StudyInstanceUID": "1.2.3.77"}
    deliver(inbox / SITE / "1.dcm", 1, PatientID=PATIENT, **study)
    deliver(inbox / SITE / "2.dcm", 2, PatientID=PATIENT, StudyInstanceUID="1.2.3.78")
    deliver(inbox / SITE / "3.dcm", 3, PatientID="", **study)
    deliver(inbox / SITE / "4.dcm", 4, PatientID="MRN 0816", StudyInstanceUID="1.2.3.79")
    deliver(inbox / SITE / "5.dcm", 5, PatientID="", StudyInstanceUID="1.2.3.80")
    run(asking(challenger=str(blind / "artifacts/model")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DICOM_ROUTER_PREDICTION_LOG", f"sqlite:///{tmp_path}/log.sqlite")
    monkeypatch.setenv("DICOM_ROUTER_PSEUDONYM_KEY", KEY)
    return tmp_path


def forget(*arguments: str) -> Result:
    return CliRunner().invoke(cli.group, ["predictions", "forget", *arguments])


@pytest.mark.parametrize("name", [PATIENT, Pseudonyms(KEY).patient(PATIENT)], ids=["PatientID", "pseudonym"])
def test_every_row_of_the_patient_goes_and_no_other(folder: Path, name: str) -> None:
    done = forget(name, "--yes")
    assert done.exit_code == 0, done.output
    assert "6 predictions of 3 films" in done.output and "inbox/" in done.output
    assert len(rows(folder)) == len(rows(folder, table="embeddings")) == 4
    assert not {(Pseudonyms(KEY).patient(PATIENT),)} & set(rows(folder, "patient"))


def test_tables_for_people_that_may_name_the_patients_films_are_told(folder: Path) -> None:
    for name in ("sample-north-2026-04-03.csv", "labels-north.csv", "key"):
        (folder / "private" / name).parent.mkdir(exist_ok=True)
        (folder / "private" / name).touch()
    said = forget(PATIENT, "--yes").output
    assert said.count("names films as the hospital does") == 2 and "private/sample-north-2026-04-03.csv:" in said


def test_no_byte_of_the_log_remembers(folder: Path) -> None:
    pseudonym = Pseudonyms(KEY).patient(PATIENT).encode()
    assert pseudonym in (folder / "log.sqlite").read_bytes()
    assert forget(PATIENT, "--yes").exit_code == 0
    assert [path.name for path in folder.glob("log.sqlite*") if pseudonym in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("MRN 0999", KEY, "nobody in the prediction log has this name"),
        (PATIENT, "", "set the key of the pseudonyms"),
        (PATIENT, "another key, as long as it must be", "made with another pseudonym key"),
        ("0000", KEY, "this names nobody"),
    ],
)
def test_who_is_not_meant_is_told_and_nothing_goes(
    folder: Path, name: str, key: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DICOM_ROUTER_PSEUDONYM_KEY", key)
    done = forget(name, "--yes")
    assert done.exit_code != 0 and said in str(done.exception)
    assert len(rows(folder)) == 10


def test_a_dry_run_and_a_no_remove_nothing(folder: Path) -> None:
    assert "6 predictions of 3 films" in forget(PATIENT, "--dry-run").output
    assert CliRunner().invoke(cli.group, ["predictions", "forget", PATIENT], input="n\n").exit_code == 1
    assert len(rows(folder)) == 10


def test_without_a_log_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DICOM_ROUTER_PREDICTION_LOG", f"sqlite:///{tmp_path}/log.sqlite")
    assert "there is no prediction log yet" in str(forget(PATIENT).exception)
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{tmp_path}/log.sqlite?mode=ro", uri=True).execute("SELECT 1")
