"""What a run is made of: a commit, overrides that its own code accepts, changes only where they are asked for."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from small_project import Run, commit_project, copy_project, runner

from dicom_router.errors import ParameterError, RunError
from dicom_router.params import load_params
from dicom_router.pipeline.working_copy import RUNS, WORK, Request, working_copy


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    copy_project(folder)
    commit_project(folder)
    return folder


@pytest.fixture
def run(checkout: Path) -> Run:
    return runner(checkout)


def request(revision: str = "HEAD", overrides: Mapping[str, Any] | None = None, allow_dirty: bool = False) -> Request:
    return Request(revision, overrides or {}, allow_dirty)


def test_it_holds_the_commit_with_the_overrides_and_the_checkout_stays_as_it_is(checkout: Path, run: Run) -> None:
    overrides = {"train.network": "resnet18", "train.augmentation.flip": 0.0}
    with working_copy(checkout, "one", request(overrides=overrides)) as copy:
        params = load_params(copy.folder / "params.yaml")
        assert (params.train.network, params.train.augmentation.flip) == ("resnet18", 0.0)
        assert "# any timm network" in (copy.folder / "params.yaml").read_text()
        assert copy.commit == run("git", "rev-parse", "HEAD").stdout.strip()
    assert run("git", "status", "--porcelain").stdout == ""


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"train.networks": "x"}, "unknown parameter train.networks; accepted here: network"),
        ({"train.epochs": "many"}, "train.epochs is 'many'"),
        ({"nothing.epochs": 1}, "unknown parameter nothing; accepted here: labelling"),
        ({"train.network.name": 1}, "override train.network.name: network is 'test_resnet' and holds no keys"),
    ],
    ids=str,
)
def test_a_wrong_override_is_refused_in_the_words_of_the_parameters(
    checkout: Path, overrides: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParameterError, match=said), working_copy(checkout, "wrong", request(overrides=overrides)):
        pass


def test_uncommitted_changes_are_refused_and_named(checkout: Path) -> None:
    new = checkout / "src/dicom_router/new.py"
    new.touch()
    try:
        with pytest.raises(RunError, match=r"uncommitted changes: src/dicom_router/new\.py; commit them"):
            working_copy(checkout, "dirty", request()).__enter__()
    finally:
        new.unlink()


def test_uncommitted_changes_come_along_as_a_patch_where_they_are_allowed(checkout: Path, run: Run) -> None:
    (checkout / "src/dicom_router/new.py").write_text("NEW = 1\n")
    with (checkout / "src/dicom_router/labels.py").open("a") as file:
        file.write("# changed\n")
    before = run("git", "status", "--porcelain").stdout
    try:
        with working_copy(checkout, "allowed", request(allow_dirty=True)) as copy:
            assert b"+NEW = 1" in copy.patch
            assert (copy.folder / "src/dicom_router/new.py").read_text() == "NEW = 1\n"
            assert (copy.folder / "src/dicom_router/labels.py").read_text().endswith("# changed\n")
        assert run("git", "status", "--porcelain").stdout == before
    finally:
        run("git", "checkout", "--quiet", ".")
        run("git", "clean", "--quiet", "--force", "src")


def test_a_file_that_the_pipeline_does_not_read_neither_stops_a_run_nor_comes_along(checkout: Path) -> None:
    (checkout / "patients.csv").write_text("PLANTED\n")
    try:
        for allowed in (False, True):
            with working_copy(checkout, f"beside-{allowed}", request(allow_dirty=allowed)) as copy:
                assert (copy.patch, (copy.folder / "patients.csv").exists()) == (b"", False)
                assert copy.description.endswith(
                    "; 1 changed or new files that the pipeline does not read are left out"
                )
    finally:
        (checkout / "patients.csv").unlink()


def test_what_dvc_recorded_is_no_uncommitted_change(checkout: Path) -> None:
    (checkout / "dvc.lock").write_text("schema: '2.0'\n")
    try:
        with working_copy(checkout, "locked", request()) as copy:
            assert copy.patch == b""
    finally:
        (checkout / "dvc.lock").unlink()


def test_another_revision_runs_whatever_the_checkout_holds(checkout: Path, run: Run) -> None:
    run("git", "branch", "--force", "elsewhere")
    run("git", "commit", "--quiet", "--allow-empty", "--message", "later")
    (checkout / "new.txt").touch()
    try:
        with working_copy(checkout, "elsewhere", request("elsewhere")) as copy:
            assert (copy.current, (copy.folder / "new.txt").exists()) == (False, False)
    finally:
        (checkout / "new.txt").unlink()


def test_an_unknown_revision_is_refused(checkout: Path) -> None:
    with (
        pytest.raises(RunError, match="git knows no revision 'nowhere'"),
        working_copy(checkout, "x", request("nowhere")),
    ):
        pass


def test_the_next_run_of_the_same_content_finds_the_work_in_progress(checkout: Path) -> None:
    with working_copy(checkout, "first", request()) as copy:
        (copy.folder / "work/checkpoint").touch()
    with working_copy(checkout, "second", request()) as copy:
        assert (copy.folder / "work/checkpoint").exists()
    with working_copy(checkout, "third", request(overrides={"train.epochs": 3})) as copy:
        assert not (copy.folder / "work/checkpoint").exists()


def test_a_run_waits_for_one_of_the_same_content(checkout: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dicom_router.pipeline.working_copy import Request, working_copy\n"
        "with working_copy(Path.cwd(), 'late', Request('HEAD', {}, False)): print('in', flush=True)"
    )
    with working_copy(checkout, "early", request()):
        late = subprocess.Popen([sys.executable, "-c", code], cwd=checkout, stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            late.wait(3)
    assert late.communicate(timeout=60)[0] == "in\n"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> int:
    """Keep so few working copies that a test need not make many."""
    monkeypatch.setattr("dicom_router.pipeline.working_copy.KEPT", 2)
    return 2


def test_old_working_copies_go(checkout: Path, kept: int) -> None:
    for number in range(kept):
        for parent in (RUNS, WORK):
            (checkout / parent / f"{number:012x}").mkdir(parents=True, exist_ok=True)
    with working_copy(checkout, "newest", request(overrides={"train.epochs": 5})) as copy:
        assert copy.folder.exists()
    assert len([entry for entry in (checkout / RUNS).iterdir() if entry.is_dir()]) == kept
    assert len([entry for entry in (checkout / WORK).iterdir() if entry.is_dir()]) == kept


def test_copies_of_the_same_content_go_too(checkout: Path, kept: int) -> None:
    for number in range(kept + 2):
        with working_copy(checkout, f"same{number}", request(overrides={"train.epochs": 6})) as copy:
            assert copy.folder.exists()
    assert len([entry for entry in (checkout / RUNS).iterdir() if entry.is_dir()]) == kept
