"""An erasure that is killed anywhere is finished by running it again."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT
from dataset.tiny import row, write_dataset
from small_project import runner

from dicom_router.cli import forget, group
from dicom_router.dataset.forgetting.journal import JOURNAL
from dicom_router.dataset.forgetting.steps import STEPS, Erasure, Step
from dicom_router.dataset.table import read_labels
from dicom_router.errors import DataError

ROWS = [row(number, "spine") for number in range(4)]


class Killed(BaseException):
    """Stands for kill -9: nothing of the command catches it."""


def kill(erasure: Erasure) -> None:
    raise Killed


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a versioned dataset with a remote, and what stands for a pipeline's files."""
    folder = tmp_path / "project"
    for name in (".dvc/config", ".dvc/.gitignore", ".gitignore", ".dvcignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    remote = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {tmp_path / 'remote'}\n"
    (folder / ".dvc/config.local").write_text(remote)
    (folder / "dvc.yaml").write_text("stages: {}\n")
    (folder / "artifacts/model").mkdir(parents=True)
    write_dataset(folder / "data", ROWS)
    run = runner(folder)
    run("git", "init", "--quiet")
    run("dvc", "add", "--quiet", "data")
    run("dvc", "push", "--quiet")
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(group, ["forget", *arguments, "--yes"], catch_exceptions=True)
    if result.exception is not None:
        raise result.exception
    return result.output


def holding(folder: Path, content: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]


def test_killed_after_any_step_it_is_finished_by_running_it_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = (project / "data/images/0001.dcm").read_bytes()[-200:]
    assert len(holding(tmp_path, film)) == 3  # data/, cache, remote
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
    assert holding(tmp_path, film) == [] and holding(project, b"patient1") == []
    assert list(read_labels(project / "data")["patient_id"]) == ["patient0", "patient2", "patient3"]
    assert not (project / JOURNAL.parent).exists() and not (project / "artifacts").exists()


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


def test_outside_a_project_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="run from the project's folder"):
        run("patient1")
