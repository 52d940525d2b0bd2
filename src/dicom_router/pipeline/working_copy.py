"""A working copy of one commit for one run, so that runs disturb neither the user's checkout nor each other."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dicom_router.dataset.programs import changes, other_changes, output, succeeds, uncommitted_patch
from dicom_router.errors import ParameterError, RunError
from dicom_router.pipeline.overriding import override
from dicom_router.pipeline.presets.reading import preset

RUNS: Final = ".platform/runs"
WORK: Final = ".platform/work"
KEPT: Final = 10  # working copies, and folders of work in progress
SHOWN: Final = 10
CHECK: Final = (
    "from dicom_router.params import load_params; from dicom_router.stages.running import run; run(load_params)"
)


@dataclass(frozen=True)
class Request:
    """What a run is to be made of."""

    revision: str
    overrides: Mapping[str, Any]
    allow_dirty: bool
    preset: str | None = None  # whose values come before the overrides

    @property
    def values(self) -> Mapping[str, Any]:
        """Return values for dotted keys of params.yaml.

        Raises:
            ParameterError: there is no such preset.
        """
        return {**(preset(self.preset) if self.preset else {}), **self.overrides}


@dataclass(frozen=True)
class WorkingCopy:
    """A folder that holds ``commit``, with ``patch`` on top of it (empty for none) and other values in params.yaml."""

    root: Path  # the user's checkout
    folder: Path
    commit: str
    patch: bytes
    current: bool  # made of what the checkout holds now
    left_out: int  # changed or new files of the checkout that the pipeline does not read
    lock: int  # a file descriptor: open in whatever works here

    @property
    def description(self) -> str:
        """Return where it is, and what it does not hold."""
        left = f"; {self.left_out:,} changed or new files that the pipeline does not read are left out"
        return f"working copy: {self.folder}{left if self.left_out else ''}"

    @property
    def readable_patch(self) -> str:
        """Return ``patch`` for a person's eyes."""
        return self.patch.decode(errors="replace")


@contextmanager
def working_copy(root: Path, run: str, request: Request) -> Iterator[WorkingCopy]:
    """Make a working copy for ``run``; it stays, for its reports, until ``KEPT`` newer ones are there.

    Work in progress (``work/``) is that of an earlier run of the same content, so that training goes on
    where that was killed; a run of the same content that is alive is waited for.

    Raises:
        RunError: git knows no such revision, or the checkout has uncommitted changes.
        ParameterError: an override is not accepted.
    """
    commit = _commit(root, request.revision)
    current = commit == _commit(root, "HEAD")
    patch = _uncommitted(root, request.allow_dirty) if current else b""
    left_out = other_changes(root) if current else 0
    key = _key(commit, patch, request.values)
    with _locked(root / WORK / f"{key}.lock") as lock:
        folder = root / RUNS / f"{key}-{run}"
        output(root, "git", "worktree", "add", "--quiet", "--force", "--detach", str(folder), commit)
        _apply(folder, patch)
        _set_params(folder, request.values)
        _share_work(folder, root / WORK / key)
        _forget_old(root, folder)
        yield WorkingCopy(root, folder, commit, patch, current, left_out, lock)


def _commit(root: Path, revision: str) -> str:
    name = f"{revision}^{{commit}}"
    if revision.startswith("-") or not succeeds(root, "git", "rev-parse", "--verify", "--quiet", name):
        raise RunError(f"git knows no revision {revision!r} in {root}; a commit, a tag or a branch is one")
    return output(root, "git", "rev-parse", "--verify", name)


def _uncommitted(root: Path, allowed: bool) -> bytes:
    """Return uncommitted changes of what the pipeline reads as a patch, empty where there are none.

    Raises:
        RunError: there are some, and they are not ``allowed``.
    """
    changed = changes(root)
    if not changed:
        return b""
    if not allowed:
        listed = ", ".join(changed[:SHOWN])
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        raise RunError(
            f"uncommitted changes: {listed}{more}; commit them, or run with --param allow_dirty=true, "
            "which keeps them as a patch beside the run"
        )
    return uncommitted_patch(root)


def _key(commit: str, patch: bytes, overrides: Mapping[str, Any]) -> str:
    """Return a name for the content of a run."""
    content = json.dumps([commit, patch.decode("utf-8", "surrogateescape"), overrides], sort_keys=True)
    return hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:12]


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Hold a lock that goes with the last process that has the file open; wait for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _apply(folder: Path, patch: bytes) -> None:
    if patch:
        with tempfile.NamedTemporaryFile() as file:
            file.write(patch)
            file.flush()
            output(folder, "git", "apply", "--index", "--whitespace=nowarn", file.name)


def _set_params(folder: Path, overrides: Mapping[str, Any]) -> None:
    """Write ``overrides`` and have the commit's own code check all parameters.

    Raises:
        ParameterError: one is not accepted; the message is that code's.
    """
    override(folder / "params.yaml", overrides)
    done = subprocess.run(
        (sys.executable, "-c", CHECK),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ParameterError(done.stderr.strip().removeprefix("params: "))


def _share_work(folder: Path, work: Path) -> None:
    """Let ``work/`` be the one of this content."""
    work.mkdir(parents=True, exist_ok=True)
    os.utime(work)
    (folder / "work").symlink_to(work, target_is_directory=True)


def _forget_old(root: Path, present: Path) -> None:
    """Remove the oldest working copies and work in progress, but for those in use.

    Who holds the lock of a content uses one copy of it: of that of ``present``, which is held here, just this one.
    """
    key = _key_of(present)
    for folder in _oldest(root / RUNS):
        own = _key_of(folder) == key and folder != present
        if own or _is_free(root / WORK / f"{_key_of(folder)}.lock"):
            shutil.rmtree(folder, ignore_errors=True)  # another run may be removing it, too
    for folder in _oldest(root / WORK):
        if _is_free(folder.with_name(f"{folder.name}.lock")):
            shutil.rmtree(folder, ignore_errors=True)
    output(root, "git", "worktree", "prune")


def _key_of(folder: Path) -> str:
    """Return the name of the content of a working copy."""
    return folder.name.partition("-")[0]


def _oldest(parent: Path) -> list[Path]:
    folders = [entry for entry in parent.iterdir() if entry.is_dir()]
    return sorted(folders, key=_time, reverse=True)[KEPT:]


def _time(folder: Path) -> float:
    """Return when ``folder`` was changed; one that another run removed meanwhile is the oldest."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _is_free(lock: Path) -> bool:
    """Say whether nobody holds ``lock``."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
