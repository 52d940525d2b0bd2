"""An erasure that is killed anywhere is finished by running it again."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT
from dataset.tiny import row, write_dataset
from small_project import runner

from dicom_router.cli import forget, group
from dicom_router.dataset.forgetting.caches import require_idle
from dicom_router.dataset.forgetting.journal import JOURNAL, Journal
from dicom_router.dataset.forgetting.steps import STEPS, Erasure, Step
from dicom_router.dataset.forgetting.targets import patient_target
from dicom_router.dataset.table import read_labels
from dicom_router.errors import DataError
from dicom_router.storage import write_atomically

ROWS = [row(number, "spine") for number in range(4)]


class Killed(BaseException):
    """Stands for kill -9: nothing of the command catches it."""


def kill(erasure: Erasure) -> None:
    raise Killed


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a remote and a project: a versioned dataset, and what stands for a pipeline's files."""
    place = tmp_path_factory.mktemp("interrupted")
    folder = place / "project"
    for name in (".dvc/config", ".dvc/.gitignore", ".gitignore", ".dvcignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    remote = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {place / 'remote'}\n"
    (folder / ".dvc/config.local").write_text(remote)
    (folder / "dvc.yaml").write_text("stages: {}\n")
    (folder / "artifacts/model").mkdir(parents=True)
    for page in ("audit/index.html", "explanation.html"):
        write_atomically(folder / page, b"a film")
    write_dataset(folder / "data", ROWS)
    run = runner(folder)
    run("git", "init", "--quiet")
    run("dvc", "add", "--quiet", "data")
    run("dvc", "push", "--quiet")
    return place


@pytest.fixture
def project(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(place / "project")
    return place / "project"


def run(*arguments: str, confirmed: str = "--yes") -> str:
    result = CliRunner().invoke(group, ["forget", *arguments, confirmed], catch_exceptions=True)
    if result.exception is not None:
        raise result.exception
    return result.output


def holding(folder: Path, content: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(project: Path) -> None:
    held = {path: path.read_bytes() for path in project.rglob("*") if path.is_file() and "tmp" not in path.parts}
    said = run("patient1", confirmed="--dry-run")
    assert "dry run: nothing is" in said and "1 of 4 rows of data/labels.csv" in said and "1 files in data/" in said
    assert "The remote store still holds every version" in said
    assert held == {path: path.read_bytes() for path in held} and not (project / JOURNAL).exists()


def test_killed_after_any_step_it_is_finished_by_running_it_again(
    project: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = (project / "data/images/0001.dcm").read_bytes()[-200:]
    assert len(holding(place, film)) == 3  # data/, cache, remote
    journal = forget._journal(Path(), "patient1", ())
    erasure = Erasure(Path(), journal.target, project / ".dvc/cache", ("store",), cloud=False)
    for done in ("rows", "version", "cache"):
        last = [step.name for step in STEPS].index(done)
        monkeypatch.setattr(forget, "STEPS", (*STEPS[: last + 1], Step("killed", lambda _: "", kill)))
        with pytest.raises(Killed):
            forget._erase(erasure, journal)
    with pytest.raises(DataError, match="another erasure was interrupted"):
        run("patient2")
    monkeypatch.setattr(forget, "STEPS", STEPS)
    assert "an erasure was interrupted; this finishes it" in run("patient1", "--cloud")
    assert holding(place, film) == [] and holding(project, b"patient1") == []
    assert list(read_labels(project / "data")["patient_id"]) == ["patient0", "patient2", "patient3"]
    assert not (project / JOURNAL.parent).exists() and not (project / "artifacts").exists()
    assert not (project / "audit").exists() and not (project / "explanation.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say whom to forget"),
        (("patient1", "--image", "0002"), "either PATIENT or --image"),
        (("patient9",), "no patient of data/labels.csv"),
    ],
)
def test_what_is_not_clear_changes_nothing(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(tmp_path / "data", ROWS)
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=said):
        run(*arguments)
    assert len(read_labels(tmp_path / "data")) == len(ROWS)


def test_while_a_pipeline_or_an_import_runs_nothing_is_removed(tmp_path: Path) -> None:
    target = patient_target(write_project(tmp_path) / "data", "patient1", "")
    erasure = Erasure(tmp_path, target, tmp_path / ".dvc/cache", (), cloud=False)
    with closing(sqlite3.connect(tmp_path / "private/ledger.sqlite", isolation_level=None)) as ledger:
        ledger.execute("CREATE TABLE films (source, image, patient)")
        ledger.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match="an import is under way"):
            forget._erase(erasure, Journal("patient1", target.paths, "", {}, ()))
    assert len(read_labels(tmp_path / "data")) == len(ROWS)
    holder = {"pid": os.getpid(), "cmd": "dvc repro"}
    (tmp_path / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {}, "read": {"data": [holder]}}))
    with pytest.raises(DataError, match="a `dvc` command is running"):
        require_idle(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"write": {"data": {"pid": 999999999, "cmd": "dvc repro"}}}'])
def test_a_pipeline_that_was_killed_is_no_obstacle(text: str, tmp_path: Path) -> None:
    (write_project(tmp_path) / ".dvc/tmp/rwlock").write_text(text)
    require_idle(tmp_path)


def write_project(folder: Path) -> Path:
    write_dataset(folder / "data", ROWS)
    for name in ("private", ".dvc/tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def test_outside_a_project_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="run from the project's folder"):
        run("patient1")
