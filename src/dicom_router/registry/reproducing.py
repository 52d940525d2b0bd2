"""A version made again from its commit, its data and its parameters, and held against what was registered."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from dicom_router.dataset.programs import output, succeeds
from dicom_router.errors import RegistryError
from dicom_router.registry import lock
from dicom_router.registry.contents import figures, parameters
from dicom_router.registry.fetching import INSIDE
from dicom_router.registry.lineage import Lineage, read_lineage
from dicom_router.registry.lock import Lock
from dicom_router.registry.provenance import versions
from dicom_router.registry.recording import PATCH
from dicom_router.registry.registering import FOLDER
from dicom_router.registry.server import MODEL, connected

RECORD: Final = Path("work/reproduce")  # in the scratch folder: what was registered
LOCAL: Final = ".dvc/config.local"  # where a machine names its remotes


def prepare(repository: Path, version: str, scratch: Path) -> Lineage:
    """Check commit, data, parameters and lock of ``version`` out into the new folder ``scratch``.

    Nothing in ``repository`` changes; its cache, or a remote, gives the data.

    Raises:
        RegistryError: the commit or the data cannot be had, or the record contradicts itself.
    """
    if scratch.exists() and any(scratch.iterdir()):
        raise RegistryError(f"{scratch} is not empty; name another folder with --into, or remove it")
    lineage = read_lineage(version)
    _check_out(repository, lineage.commit, scratch)
    _download(lineage, scratch)
    if Lock.read(scratch).digest != lineage.lock:
        raise RegistryError(
            f"the {lock.FILE} kept with version {lineage.version} is not the one its tags name: tampered"
        )
    _bring_data(repository, lineage, scratch)
    return lineage


def recompute(scratch: Path) -> None:
    """Run every stage in ``scratch`` anew: no cache is asked, none is filled.

    Raises:
        RegistryError: a stage failed; what it said stands above.
    """
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--no-run-cache", "--no-commit"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(command, cwd=scratch, env={**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}, check=False)
    if done.returncode != 0:
        raise RegistryError(f"the pipeline stopped in {scratch}; what it said stands above")


def differences(lineage: Lineage, scratch: Path) -> tuple[str, ...]:
    """Return a sentence for everything registered that is not what ``scratch`` has; none where it was reproduced."""
    registered = scratch / RECORD / "model"
    return (
        *_different_files(registered, scratch / FOLDER),
        *_different_outputs(Lock.read(scratch / RECORD), Lock.read(scratch)),
        *_different_numbers(_recorded(lineage, figures(scratch)), figures(scratch)),
        *_different_params(lineage.params, parameters(scratch / "params.yaml")),
    )


def other_versions(lineage: Lineage) -> tuple[str, ...]:
    """Return what was installed then and is not now: what may explain a difference."""
    here = {name.removeprefix("version."): value for name, value in versions().items()}
    return tuple(
        f"{name} {then} then, {here.get(name, 'none')} here"
        for name, then in lineage.versions.items()
        if here.get(name) != then
    )


def _check_out(repository: Path, commit: str, scratch: Path) -> None:
    if not succeeds(repository, "git", "cat-file", "-e", f"{commit}^{{commit}}"):
        raise RegistryError(
            f"commit {commit} is not in {repository}: run in a clone that has it, after `git fetch --all`"
        )
    output(repository, "git", "clone", "--quiet", "--shared", "--no-checkout", ".", str(scratch.resolve()))
    output(scratch, "git", "checkout", "--quiet", "--detach", commit)


def _download(lineage: Lineage, scratch: Path) -> None:
    """Put parameters, lock and uncommitted changes where they were, and what was registered aside."""
    aside = scratch / RECORD
    aside.mkdir(parents=True)
    with connected() as client:
        for name in ("params.yaml", lock.FILE):
            client.download_artifacts(lineage.run_id, name, str(aside))
        _apply_patch(client, lineage, scratch)
        found = Path(download_artifacts(f"models:/{MODEL}/{lineage.version}/{INSIDE}", dst_path=str(aside)))
    found.rename(aside / "model")
    for name in ("params.yaml", lock.FILE):
        shutil.copyfile(aside / name, scratch / name)


def _apply_patch(client: MlflowClient, lineage: Lineage, scratch: Path) -> None:
    if not lineage.dirty:
        return
    client.download_artifacts(lineage.run_id, PATCH, str(scratch / RECORD))
    output(scratch, "git", "apply", "--whitespace=nowarn", str(RECORD / PATCH))


def _bring_data(repository: Path, lineage: Lineage, scratch: Path) -> None:
    """Fetch the folder ``data`` by its hash from the repository's cache, else from a remote."""
    if (repository / LOCAL).is_file():
        shutil.copyfile(repository / LOCAL, scratch / LOCAL)
    pointer = f"outs:\n- md5: {lineage.data}\n  hash: md5\n  path: data\n"
    (scratch / "data.dvc").write_text(pointer, encoding="utf-8")
    output(scratch, "dvc", "cache", "dir", "--local", output(repository, "dvc", "cache", "dir"))
    if not succeeds(scratch, "dvc", "checkout", "data.dvc") and not succeeds(scratch, "dvc", "pull", "data.dvc"):
        raise RegistryError(
            f"the data of version {lineage.version} ({lineage.data}) is neither in DVC's cache nor on a remote: it was"
            " collected as garbage, or films were forgotten; without it the version cannot be made again"
        )


def _different_files(registered: Path, made: Path) -> Iterator[str]:
    names = sorted({path.name for folder in (registered, made) for path in folder.iterdir()})
    for name in names:
        if _sha256(registered / name) != _sha256(made / name):
            yield f"model: {name} is not the file that was registered"


def _different_outputs(then: Lock, now: Lock) -> Iterator[str]:
    for path in sorted({*then.outputs, *now.outputs}):
        if then.outputs.get(path) != now.outputs.get(path):
            yield f"output: {path} has another hash than in the recorded {lock.FILE}"


def _recorded(lineage: Lineage, made: Mapping[str, float]) -> dict[str, float]:
    """Return the recorded figures, without what no report holds: curves, and what the machine did."""
    prefixes = {name.partition(".")[0] for name in made}
    return {name: value for name, value in lineage.figures.items() if name.partition(".")[0] in prefixes}


def _different_numbers(then: Mapping[str, float], now: Mapping[str, float]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"figure: {name} was recorded as {then.get(name)} and is {now.get(name)}"


def _different_params(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"parameter: {name} was recorded as {then.get(name)} and is {now.get(name)}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
