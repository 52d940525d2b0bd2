"""``data/labels.csv`` of an earlier version: git names the dataset of a commit, DVC's cache or a remote holds it."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from dicom_router.dataset.programs import output, succeeds
from dicom_router.dataset.table import LABELS, read_labels
from dicom_router.errors import DataError

DATA: Final = "data"
POINTER: Final = "data.dvc"


@dataclass(frozen=True)
class Version:
    """The rows of a dataset; ``commit`` is "" for the working copy."""

    revision: str
    commit: str
    labels: pd.DataFrame
    sha256: str  # of labels.csv


def working_copy(root: Path) -> Version:
    """Return the dataset as it stands in ``root``.

    Raises:
        DataError: there is none, or it is damaged.
    """
    return _version(f"{DATA}/{LABELS}", "", root / DATA)


def version_at(root: Path, revision: str) -> Version:
    """Return the dataset of the git ``revision``, from DVC's cache or else from a remote.

    Raises:
        DataError: there is no repository, no such revision, no dataset in it, or its table cannot be had.
    """
    commit = commit_of(root, revision)
    if not succeeds(root, "git", "cat-file", "-e", f"{commit}:./{POINTER}"):
        raise DataError(
            f"{revision} ({commit[:10]}) has no {POINTER}, so no dataset was committed there; "
            f"give a revision of `git log -- {POINTER}`, or commit the present one with `git add {POINTER}`"
        )
    with tempfile.TemporaryDirectory() as folder:
        _fetch_labels(root, commit, revision, Path(folder))
        return _version(revision, commit, Path(folder))


def commit_of(root: Path, revision: str) -> str:
    """Return the hash of the commit that ``revision`` names.

    Raises:
        DataError: ``root`` is in no git repository, or there is no such commit.
    """
    if not succeeds(root, "git", "rev-parse", "--git-dir"):
        raise DataError("this is no git repository, so there are no versions to compare: run from the project's folder")
    name = f"{revision}^{{commit}}"
    if revision.startswith("-") or not succeeds(root, "git", "rev-parse", "--verify", "--quiet", name):
        raise DataError(f"git knows no revision {revision!r}; a commit, a tag, a branch or HEAD~1 are ones")
    return output(root, "git", "rev-parse", "--verify", name)


def _fetch_labels(root: Path, commit: str, revision: str, folder: Path) -> None:
    """Write labels.csv of ``commit`` into ``folder``; what DVC notes about it goes there too, not on this machine."""
    table = ("get", ".", f"{DATA}/{LABELS}", "--rev", commit, "--out", str(folder / LABELS))
    try:
        output(root, "dvc", "--quiet", *table, DVC_SITE_CACHE_DIR=str(folder / "site"))
    except DataError:
        raise DataError(
            f"{DATA}/{LABELS} of {revision} ({commit[:10]}) is neither in DVC's cache nor in a remote: it was never "
            "made or fetched here, its remote is not set up, or the cache was cleaned since, as `dicom-router forget` "
            f"does. `dvc get . {DATA}/{LABELS} --rev {commit[:10]}` says what is in the way"
        ) from None


def _version(revision: str, commit: str, folder: Path) -> Version:
    labels = read_labels(folder)
    return Version(revision, commit, labels, hashlib.sha256((folder / LABELS).read_bytes()).hexdigest())
