"""``dicom-router dataset diff`` in a repository of Git and DVC."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ROOT
from dataset.tiny import labels_of, row, write_dataset
from small_project import Run, runner

from dicom_router.cli import group
from dicom_router.dataset.table import write_labels
from dicom_router.dataset.versions import version_at
from dicom_router.errors import DataError

FIRST = [row(1, "spine"), row(2, "abdomen"), row(3, "other")]
SECOND = [row(1, "spine"), row(2, "spine"), row(4, "other", site="south")]
THIRD = [*SECOND, row(5, "abdomen")]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with no dataset, then FIRST, then SECOND, and THIRD uncommitted in data/."""
    folder = tmp_path_factory.mktemp("history")
    run = runner(folder)
    for name in (".dvc/config", ".dvc/.gitignore", ".gitignore"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    run("git", "init", "--quiet")
    commit(run, "none", ".")
    write_dataset(folder / "data", FIRST)
    run("dvc", "add", "--quiet", "data")
    commit(run, "first", "data.dvc")
    write_dataset_over(folder / "data")
    run("dvc", "add", "--quiet", "data")
    commit(run, "second", "data.dvc")
    write_labels(folder / "data", labels_of(THIRD))
    return folder


def commit(run: Run, name: str, *paths: str) -> None:
    run("git", "add", *paths)
    run("git", "commit", "--quiet", "--message", name)
    run("git", "tag", name)


def write_dataset_over(data: Path) -> None:
    """Write SECOND in place of FIRST; the files there are links into the cache."""
    shutil.rmtree(data)
    write_dataset(data, SECOND)


@pytest.fixture(autouse=True)
def inside(history: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(history)
    yield
    (history / "dataset_changes.json").unlink(missing_ok=True)


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["dataset", "diff", *arguments], catch_exceptions=True)


def said(result: Result) -> str:
    assert isinstance(result.exception, DataError), result.output
    return str(result.exception)


def test_two_revisions_are_compared_and_the_counts_recorded() -> None:
    result = diff("first", "second", "--format", "json", "--paths", "--write")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["images"] == {"added": 1, "removed": 1, "relabelled": 1, "unchanged": 1}
    assert document.pop("paths")["removed"] == ["images/0003.dcm"]
    assert json.loads(Path("dataset_changes.json").read_text()) == document


def test_a_revision_is_compared_with_the_working_copy() -> None:
    lines = diff("HEAD").stdout.splitlines()
    assert lines[0].startswith("from      HEAD (") and lines[0].endswith("): 3 images of 3 patients")
    assert lines[1:4] == [
        "to        data/labels.csv: 4 images of 4 patients",
        "images    1 added, 0 removed, 0 relabelled, 3 unchanged",
        "patients  1 added, 0 removed",
    ]


@pytest.mark.parametrize("revision", ["nonsense", "--help-me", "HEAD~17"])
def test_a_revision_that_is_none_is_named(revision: str) -> None:
    assert f"git knows no revision '{revision}'" in said(diff("--", revision))


def test_a_revision_without_a_dataset_is_named() -> None:
    assert "has no data.dvc, so no dataset was committed there" in said(diff("none"))


def test_outside_a_repository_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "this is no git repository" in said(diff("HEAD"))


def test_a_table_that_is_nowhere_is_said_to_be_so_and_one_in_a_remote_is_fetched(history: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    runner(tmp_path)("git", "clone", "--quiet", str(history), str(clone))
    with pytest.raises(DataError, match="neither in DVC's cache nor in a remote"):
        version_at(clone, "first")
    for folder in (history, clone):
        remote = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {tmp_path / 'remote'}\n"
        (folder / ".dvc/config.local").write_text(remote)
    runner(history)("dvc", "push", "--quiet", "--all-tags")
    assert version_at(clone, "first").labels.equals(labels_of(FIRST))
