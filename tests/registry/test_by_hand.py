"""A run by hand is recorded only as what it is."""

from pathlib import Path

import pytest
from small_project import commit_project, runner

from dicom_router.errors import DataError
from dicom_router.registry.by_hand import provenance_by_hand
from dicom_router.registry.provenance import Provenance

GRAPH = """
stages:
  copy:
    cmd: cp params.yaml copied
    params: [number]
    outs: [copied]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that was run and committed, in which somebody left a table."""
    folder = tmp_path_factory.mktemp("by-hand")
    for name, text in (("dvc.yaml", GRAPH), ("params.yaml", "number: 1\n"), (".dvc/config", ""), (".gitignore", "")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    runner(folder)("git", "init", "--quiet")
    runner(folder)("dvc", "repro", "--quiet")
    commit_project(folder)
    (folder / "patients.csv").write_text("name\n")
    return folder


def test_a_new_file_of_the_code_counts_and_one_of_somebody_else_does_not(project: Path) -> None:
    commit = runner(project)("git", "rev-parse", "HEAD").stdout.strip()
    assert provenance_by_hand(project) == Provenance(commit, False, None, None)
    (project / "src").mkdir()
    (project / "src/new.py").touch()
    assert provenance_by_hand(project).dirty


def test_what_no_longer_belongs_to_its_parameters_is_refused(project: Path) -> None:
    (project / "params.yaml").write_text("number: 2\n")
    with pytest.raises(DataError, match=r"changed since the pipeline ran: copy; .*Run `dvc repro`"):
        provenance_by_hand(project)
