"""A version checked out and held against its record. The document's test makes one again from its films."""

import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import Server
from registry.painted_project import write_lock
from registry.registered import record_and_register
from ruamel.yaml import YAML
from small_project import runner

from dicom_router.errors import RegistryError
from dicom_router.registry.lineage import Lineage
from dicom_router.registry.recording import Provenance, Recorded
from dicom_router.registry.reproducing import differences, other_versions, prepare

Prepared = tuple[Lineage, Path]


@pytest.fixture(scope="module")
def repository(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the good project as a repository of Git and DVC."""
    folder = Path(shutil.copytree(good, tmp_path_factory.mktemp("repository") / "project", symlinks=True))
    (folder / ".gitignore").write_text("/artifacts/\n/reports/\n/src\n")
    (folder / "flows").mkdir()
    (folder / "flows/notes").write_bytes(b"one\r\n\n\n\n")
    (folder / "flows/latin").write_text("size\n")
    (folder / "flows/binary").write_bytes(b"\0")
    run = runner(folder)
    run("git", "init", "--quiet")
    run("dvc", "init", "--quiet")
    run("dvc", "add", "--quiet", "data")
    write_lock(folder, YAML(typ="safe").load(folder / "data.dvc")["outs"][0]["md5"])
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message", "A project")
    return folder


def commit_of(repository: Path) -> str:
    return runner(repository)("git", "rev-parse", "HEAD").stdout.strip()


def registered(repository: Path, dirty: bool = False) -> Recorded:
    return record_and_register(repository, Provenance(commit_of(repository), dirty, None, None))[0]


def made_again(repository: Path, scratch: Path) -> Prepared:
    """Check version 1 out, and take what was made before for what the pipeline makes of it."""
    lineage = prepare(repository, "1", scratch)
    for name in ("artifacts", "reports"):
        shutil.copytree(repository / name, scratch / name)
    return lineage, scratch


def stored(server: Server, run: Recorded, name: str) -> Path:
    """Return an artifact of the run, where the server keeps it."""
    (path,) = (server.folder / "artifacts").glob(f"*/{run.run_id}/artifacts/{name}")
    return path


def test_a_version_that_comes_out_equal_has_no_difference(
    client: MlflowClient, repository: Path, tmp_path: Path
) -> None:
    registered(repository)
    lineage, scratch = made_again(repository, tmp_path / "scratch")
    assert differences(lineage, scratch) == ()
    assert other_versions(lineage) == ()
    films = [path.relative_to(repository) for path in (repository / "data/images").rglob("*.dcm")]
    assert all((scratch / name).read_bytes() == (repository / name).read_bytes() for name in films)
    assert runner(repository)("git", "status", "--porcelain").stdout == ""


def test_tampering_with_a_weight_file_and_with_figures_is_caught(
    client: MlflowClient, server: Server, repository: Path, tmp_path: Path
) -> None:
    run = registered(repository)
    weights = stored(server, run, "model/artifacts/model/weights.safetensors")
    weights.write_bytes(weights.read_bytes() + b"\0")
    client.log_metric(run.run_id, "test.macro.f1", 0.999, step=1)
    client.log_metric(run.run_id, "test.made_up", 1.0)
    file, changed, added = differences(*made_again(repository, tmp_path / "scratch"))
    assert file == "model: weights.safetensors is not the file that was registered"
    assert changed.startswith("figure: test.macro.f1 was recorded as 0.999 and is 0.9")
    assert added == "figure: test.made_up was recorded as 1.0 and is None"


def test_tampering_with_the_lock_is_caught_before_anything_runs(
    client: MlflowClient, server: Server, repository: Path, tmp_path: Path
) -> None:
    lock = stored(server, registered(repository), "dvc.lock")
    lock.write_text(lock.read_text().replace("artifacts/network", "artifacts/another"))
    with pytest.raises(RegistryError, match=r"dvc\.lock kept with version 1 is not the one its tags name"):
        prepare(repository, "1", tmp_path / "scratch")


def test_uncommitted_changes_travel_as_a_patch_byte_for_byte(
    client: MlflowClient, repository: Path, tmp_path: Path
) -> None:
    changed = {
        "flows/notes": b"two\r\n\n\n\n",  # the patch ends with lines of context that are blank
        "flows/latin": "Größe\n".encode("latin-1"),
        "flows/binary": bytes(range(256)),
    }
    before = {name: (repository / name).read_bytes() for name in changed}
    for name, content in changed.items():
        (repository / name).write_bytes(content)
    try:
        registered(repository, dirty=True)
    finally:
        for name, content in before.items():
            (repository / name).write_bytes(content)
    _, scratch = made_again(repository, tmp_path / "scratch")
    assert {name: (scratch / name).read_bytes() for name in changed} == changed


def test_a_commit_or_data_that_are_not_here_are_named(client: MlflowClient, repository: Path, tmp_path: Path) -> None:
    registered(repository)
    runner(tmp_path)("git", "clone", "--quiet", str(repository), "clone")
    with pytest.raises(RegistryError, match=r"is neither in DVC's cache nor on a remote"):
        prepare(tmp_path / "clone", "1", tmp_path / "scratch")
    runner(tmp_path)("git", "init", "--quiet", "another")
    with pytest.raises(RegistryError, match=r"is not in .*: run in a clone that has it"):
        prepare(tmp_path / "another", "1", tmp_path / "elsewhere")


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(RegistryError, match="is not empty"):
        prepare(tmp_path, "1", tmp_path)
