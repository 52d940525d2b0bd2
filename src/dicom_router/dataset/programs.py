"""Git and DVC as a person would run them, so that no room has to import them."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from dicom_router.errors import DataError

CHANGES: Final = (".", ":!dvc.lock")  # what DVC itself writes is no change of a user's
COMMANDS: Final = {"git": ("git",), "dvc": (sys.executable, "-m", "dvc")}


def succeeds(root: Path, program: str, *arguments: str) -> bool:
    """Say whether a ``git`` or ``dvc`` command in ``root`` ends well."""
    return _run(root, program, arguments, {}).returncode == 0


def output(root: Path, program: str, *arguments: str, **variables: str) -> str:
    """Run ``git`` or ``dvc`` in ``root``; return what it prints, without the space around.

    Raises:
        DataError: the program is not there or does not end well; the message ends with what it said last.
    """
    done = _run(root, program, arguments, variables)
    if done.returncode != 0:
        raise DataError(f"`{program} {' '.join(arguments)}` failed: {_reason(done.stderr or done.stdout)}")
    return done.stdout.strip()


def uncommitted_patch(root: Path) -> bytes:
    """Return what differs from HEAD in ``CHANGES``, new files included, for ``git apply``; the index is left alone.

    It goes through a file, since a patch is bytes: it may be of no encoding, and end with lines that are blank.
    """
    with tempfile.TemporaryDirectory() as scratch:
        index, patch = Path(scratch) / "index", Path(scratch) / "patch"
        shutil.copy(root / output(root, "git", "rev-parse", "--git-path", "index"), index)
        output(root, "git", "add", "--all", "--", *CHANGES, GIT_INDEX_FILE=str(index))
        command = ("diff", "--cached", "--binary", "--no-color", f"--output={patch}", "HEAD", "--", *CHANGES)
        output(root, "git", *command, GIT_INDEX_FILE=str(index))
        return patch.read_bytes()


def _run(
    root: Path, program: str, arguments: tuple[str, ...], variables: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            (*COMMANDS[program], *arguments),
            cwd=root,
            env={**os.environ, "DVC_NO_ANALYTICS": "1", **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            check=False,
        )
    except FileNotFoundError:
        raise DataError(f"the program {program} is not installed, or not on the PATH") from None


def _reason(said: str) -> str:
    """Return the lines that tell a person something."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and "dvc.org" not in line]
    return " ".join(lines[-3:]) or "it said nothing"
