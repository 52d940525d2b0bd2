"""Git and DVC as a person would run them, so that no room has to import them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dicom_router.errors import DataError

GRAPH: Final = "dvc.yaml"
# What a run of the pipeline is made of beside what GRAPH names, as Git's pathspecs. All else in a checkout may be
# anything, a hospital's table with names too: it goes nowhere.
MADE_OF: Final = (
    "src",
    "flows",
    "prefect.yaml",
    "params.yaml",
    GRAPH,
    "dataset_changes.json",
    ":(glob)**/*.dvc",
    ".dvc/config",
    ".dvcignore",
)
NEVER: Final = ("data", "private", "dvc.lock")  # films, names, what DVC itself writes
EXCLUDED: Final = tuple(f":(exclude){path}" for path in NEVER)
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


def changes(root: Path) -> tuple[str, ...]:
    """Return the files in which what the pipeline reads differs from HEAD, new ones included."""
    return _changed(root, _made_of(root))


def other_changes(root: Path) -> int:
    """Return how many files differ from HEAD that the pipeline does not read; their names may say anything."""
    return len(_changed(root, (".",))) - len(changes(root))


def uncommitted_patch(root: Path) -> bytes:
    """Return what ``changes`` are, for ``git apply``; the index is left alone.

    It goes through a file, since a patch is bytes: it may be of no encoding, and end with lines that are blank.
    """
    specs = tuple(spec for spec in _made_of(root) if _is_there(root, spec))
    if not specs:  # without any, Git would add everything
        return b""
    with tempfile.TemporaryDirectory() as scratch:
        index, patch = Path(scratch) / "index", Path(scratch) / "patch"
        shutil.copy(root / output(root, "git", "rev-parse", "--git-path", "index"), index)
        output(root, "git", "add", "--all", "--", *specs, GIT_INDEX_FILE=str(index))
        command = ("diff", "--cached", "--binary", "--no-color", f"--output={patch}", "HEAD", "--", *_made_of(root))
        output(root, "git", *command, GIT_INDEX_FILE=str(index))
        return patch.read_bytes()


def _changed(root: Path, specs: tuple[str, ...]) -> tuple[str, ...]:
    differing = output(root, "git", "diff", "--name-only", "--no-renames", "-z", "HEAD", "--", *specs, *EXCLUDED)
    new = output(root, "git", "ls-files", "--others", "--exclude-standard", "-z", "--", *specs, *EXCLUDED)
    return tuple(sorted({*differing.split("\0"), *new.split("\0")} - {""}))


def _is_there(root: Path, spec: str) -> bool:
    """Say whether Git has or would take a file that ``spec`` names; ``git add`` refuses to look for one in vain."""
    return bool(output(root, "git", "ls-files", "--cached", "--others", "--exclude-standard", "--", spec))


def _made_of(root: Path) -> tuple[str, ...]:
    """Return the pathspecs of what the pipeline reads: ``MADE_OF``, and what a stage depends on elsewhere.

    Raises:
        DataError: ``dvc.yaml`` is no YAML.
    """
    named = (path for path in _dependencies(root / GRAPH) if path.partition("/")[0] not in (*MADE_OF, *NEVER))
    return (*MADE_OF, *(f":(literal){path}" for path in sorted(set(named))))


def _dependencies(graph: Path) -> Iterator[str]:
    """Yield what the stages depend on, but for what they make."""
    try:
        content: Any = YAML(typ="safe", pure=True).load(graph.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except YAMLError as error:
        raise DataError(f"{graph} is no YAML: {error}") from None
    stages = (content or {}).get("stages") or {}
    made = {path for stage in stages.values() for kind in ("outs", "metrics", "plots") for path in _paths(stage, kind)}
    yield from (path for stage in stages.values() for path in _paths(stage, "deps") if path not in made)


def _paths(stage: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Yield paths that a stage names; each stands alone, or as the key of what is said about it."""
    for entry in stage.get("do", stage).get(kind) or ():
        yield entry if isinstance(entry, str) else next(iter(entry))


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
