"""What of a checkout may leave it with a run: what the pipeline reads, and nothing else."""

from pathlib import Path

import pytest
from small_project import Run, commit_project

from dicom_router.dataset.programs import changes, other_changes, uncommitted_patch
from dicom_router.errors import DataError

GRAPH = """
stages:
  slow:
    cmd: python slow.py
    deps: [slow.py, data/labels.csv, {artifacts/model: {cache: true}}]
    outs: [made.txt]
  next:
    cmd: python slow.py
    deps: [made.txt]
"""
NEW = ("src/new.py", "slow.py", "films.dvc", "patients.csv", "src.csv", "data/labels.csv", "private/ledger", "made.txt")
READ = {"src/new.py", "slow.py", "films.dvc", "params.yaml"}


@pytest.fixture(params=["", "/data\n/private\n"], ids=["nothing ignored", "data ignored"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Return a checkout with new files of every kind, and two that changed."""
    for name, text in (
        (".gitignore", request.param),
        ("dvc.yaml", GRAPH),
        ("params.yaml", "a: 1\n"),
        ("README.md", "one\n"),
    ):
        (tmp_path / name).write_text(text)
    run = commit_project(tmp_path)
    for name in NEW:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"PLANTED {name}\n")
    for name in ("params.yaml", "README.md"):
        (tmp_path / name).write_text("changed\n")
    return run


def test_only_what_the_pipeline_reads_is_a_change(checkout: Run, tmp_path: Path) -> None:
    assert set(changes(tmp_path)) == READ


def test_the_rest_is_counted(checkout: Run, tmp_path: Path) -> None:
    assert other_changes(tmp_path) == len({"patients.csv", "src.csv", "made.txt", "README.md"})


def test_a_patch_holds_nothing_else_and_the_repository_does_not_either(checkout: Run, tmp_path: Path) -> None:
    patch = uncommitted_patch(tmp_path).decode()
    assert {line.split(" b/")[1] for line in patch.splitlines() if line.startswith("diff --git")} == READ
    assert "patients" not in patch
    objects = checkout("git", "cat-file", "--batch-all-objects", "--batch-check", "--unordered").stdout.split()
    contents = "".join(checkout("git", "cat-file", "-p", name).stdout for name in objects[::3])
    assert "PLANTED slow.py" in contents
    assert "PLANTED patients.csv" not in contents


def test_a_patch_applies_to_the_commit(checkout: Run, tmp_path: Path) -> None:
    patch = tmp_path / ".git/changes.patch"
    patch.write_bytes(uncommitted_patch(tmp_path))
    checkout("git", "worktree", "add", "--quiet", "--detach", str(tmp_path / ".git/copy"))
    checkout("git", "-C", str(tmp_path / ".git/copy"), "apply", str(patch))
    assert (tmp_path / ".git/copy/slow.py").read_text() == "PLANTED slow.py\n"


def test_a_checkout_without_changes_has_none(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("a: 1\n")
    commit_project(tmp_path)
    assert (changes(tmp_path), other_changes(tmp_path), uncommitted_patch(tmp_path)) == ((), 0, b"")


def test_where_nothing_is_read_by_a_pipeline_nothing_leaves(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("one")
    commit_project(tmp_path)
    (tmp_path / "patients.csv").write_text("PLANTED")
    assert (uncommitted_patch(tmp_path), other_changes(tmp_path)) == (b"", 1)


def test_a_graph_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("a: [")
    commit_project(tmp_path)
    with pytest.raises(DataError, match=r"dvc\.yaml is no YAML"):
        changes(tmp_path)
