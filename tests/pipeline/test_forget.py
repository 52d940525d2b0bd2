"""``dicom-router forget`` in a project that has been through the pipeline."""

import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from pydicom import dcmread
from small_project import environment, runner

from dicom_router.dataset.pseudonyms import DEMO_KEY, KEY_VARIABLE
from dicom_router.dataset.table import read_labels, write_labels


@dataclass(frozen=True)
class Person:
    """A patient of the sample, and byte strings that tell a file knows of them."""

    pseudonym: str
    paths: tuple[str, ...]
    marks: tuple[bytes, ...]


def remembering(folder: Path, person: Person) -> list[str]:
    """Return the files below ``folder`` that hold a mark of ``person``, and "git" for git's objects."""
    # What MLflow keeps is deleted there, as `forget` says.
    others = (folder / "src", folder / ".platform/mlflow")
    files = (path for path in folder.rglob("*") if path.is_file() and not any(map(path.is_relative_to, others)))
    found = [str(path.relative_to(folder)) for path in files if knows(path.read_bytes(), person)]
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
    objects = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=True).stdout
    return found + ["git"] * knows(objects, person)


def knows(content: bytes, person: Person) -> bool:
    return any(mark in content for mark in person.marks)


def person_of(project: Path) -> Person:
    """Return the patient with most films on the test side, whom reports show."""
    splits = pd.read_parquet(project / "artifacts/splits.parquet")
    pseudonym = str(splits.loc[splits["split"] == "test", "patient_id"].value_counts().idxmax())
    paths = tuple(splits.loc[splits["patient_id"] == pseudonym, "path"])
    pixels = [dcmread(project / "data" / path).PixelData for path in paths]
    names = [Path(path).stem.encode() for path in paths]
    return Person(pseudonym, paths, (pseudonym.encode(), *names, *(of[len(of) // 2 :][:200] for of in pixels)))


@pytest.fixture(scope="module")
def copy(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with an earlier version of the dataset, private records and logs."""
    folder = tmp_path_factory.mktemp("forget") / "project"
    subprocess.run(["cp", "--archive", str(project), str(folder)], check=True)
    person = person_of(folder)
    labels = read_labels(folder / "data")
    write_labels(folder / "data", labels.assign(view=""))
    run = runner(folder)
    run("dvc", "add", "--quiet", "data")
    run("git", "commit", "--quiet", "--message", "Another version", "data.dvc")
    for name in (
        "private/refused-1.csv",
        "private/arriving.sqlite",
        "work/import/refused-1.csv",
        "work/validate/quarantine.csv",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"path,reason,detail\n{person.paths[0]},empty,\n")
    with sqlite3.connect(folder / "private/ledger.sqlite") as ledger:
        ledger.execute("CREATE TABLE films (source TEXT, image TEXT, patient TEXT, study TEXT)")
        known = [("Doe^Jane/1", Path(path).stem, person.pseudonym, "") for path in person.paths]
        ledger.executemany("INSERT INTO films VALUES (?, ?, ?, ?)", [*known, ("Roe^John/1", "stays", "another", "")])
    ledger.close()
    return folder


@pytest.fixture(scope="module")
def person(copy: Path) -> Person:
    return person_of(copy)


@pytest.fixture(scope="module")
def before(copy: Path) -> pd.DataFrame:
    return pd.read_parquet(copy / "artifacts/splits.parquet")


@pytest.fixture(scope="module")
def forgotten(copy: Path, person: Person, before: pd.DataFrame) -> str:
    """Forget ``person``; return what was said."""
    known = remembering(copy, person)
    places = (
        "data/images/",
        "data/labels.csv",
        "artifacts/splits.parquet",
        "reports/",
        ".dvc/cache/files/",
        "private/",
    )
    assert all(any(name.startswith(place) for name in known) for place in places), known
    return runner(copy)("dicom-router", "forget", person.pseudonym, "--yes", **source(copy)).stdout


def source(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(folder / "src"), KEY_VARIABLE: DEMO_KEY}


def test_no_byte_of_the_project_remembers_a_forgotten_patient(copy: Path, person: Person, forgotten: str) -> None:
    assert remembering(copy, person) == []


def test_what_was_removed_and_what_remains_is_said(person: Person, forgotten: str) -> None:
    assert f"films     {len(person.paths)}, of patient {person.pseudonym}; understood as a pseudonym" in forgotten
    assert f"{len(person.paths)} rows of private/ledger.sqlite, 3 lists of refusals" in forgotten
    assert "earlier versions cannot be had again" in forgotten
    assert f"the last run had {len(person.paths)} in test" in forgotten
    assert "Git's history: hashes and counts" in forgotten


def test_other_rows_of_the_ledger_stay(copy: Path, forgotten: str) -> None:
    ledger = sqlite3.connect(copy / "private/ledger.sqlite")
    assert ledger.execute("SELECT source FROM films").fetchall() == [("Roe^John/1",)]
    ledger.close()


def test_the_next_run_is_clean_and_leaves_everybody_else_on_their_side(
    copy: Path, person: Person, before: pd.DataFrame, forgotten: str
) -> None:
    runner(copy)("dvc", "repro", "split")
    after = pd.read_parquet(copy / "artifacts/splits.parquet")
    others = before[~before["path"].isin(person.paths)].reset_index(drop=True)
    assert after[["path", "split"]].equals(others[["path", "split"]])
    assert remembering(copy, person) == []
