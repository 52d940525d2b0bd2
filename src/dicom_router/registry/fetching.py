"""A version's folder from MLflow, kept here: an alias is asked for anew each time, a version is downloaded once."""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion

from dicom_router.errors import ModelError, RegistryError, RegistryUnreachable
from dicom_router.model.folder import MODEL as SPECIFICATION
from dicom_router.model.folder import read_specification
from dicom_router.model.locating import Located
from dicom_router.registry.champion import (
    CHALLENGER,
    CHAMPION,
    champion_version,
    failed_checks,
    find_alias,
    get_version,
    in_red,
    passed,
)
from dicom_router.registry.server import MODEL, address, connected
from dicom_router.storage import write_json

REFERENCE: Final = re.compile(rf"models:/{MODEL}(?:@(?P<alias>[\w.-]+)|/(?P<version>\d+))")
INSIDE: Final = "artifacts/model"  # the model's folder within a logged model
LAST: Final = "champion.json"  # the version that was champion when it was last asked for
NOTE: Final = ".json"  # after the name of a version's folder: what its tags warned of when it was last asked for


def fetch(reference: str, allow_cached: bool = False) -> Path:
    """Return the folder that ``look_up`` finds."""
    return look_up(reference, allow_cached).folder


def look_up(reference: str, allow_cached: bool = False) -> Located:
    """Return a local folder, as the package stage writes it, of ``models:/dicom-router@champion`` or ``.../3``.

    With it comes what reports must say in red of a version that did not pass its gate.

    Args:
        reference: by alias, which is looked up at each call, or by number.
        allow_cached: where MLflow does not answer, return what was downloaded before: the version of that number, or
            the last champion that was known here.

    Raises:
        RegistryUnreachable: MLflow does not answer, and nothing was, or may be, kept.
        NoChampion: nobody has promoted a version.
        RegistryError: there is no such model, version or alias.
        ModelError: the version's folder is damaged.
    """
    asked = REFERENCE.fullmatch(reference)
    if asked is None:
        raise RegistryError(f"{reference!r} names no version: write models:/{MODEL}@{CHAMPION}, or models:/{MODEL}/3")
    try:
        with connected() as client:
            return _download(_resolve(client, asked), asked["alias"] == CHAMPION)
    except RegistryUnreachable as error:
        kept = _kept(asked) if allow_cached else None
        if kept is None:
            raise
        print(f"{error}; going on with {kept.name}, which was downloaded before", flush=True)
        return Located(kept, _read_note(kept.with_name(f"{kept.name}{NOTE}")).get("warning") or None)


def look_up_challenger() -> Path | None:
    """Return the folder of the version that is challenger now, None where nobody is.

    Raises:
        RegistryUnreachable: MLflow does not answer.
        RegistryError: it does not hold what the version names.
        ModelError: the version's folder is damaged.
    """
    with connected() as client:
        version = find_alias(client, CHALLENGER)
        return None if version is None else _download(version, is_champion=False).folder


def number_of(folder: Path) -> str:
    """Return the number of the version that ``look_up`` put into ``folder``."""
    return folder.name.partition("-")[0]


def _resolve(client: MlflowClient, asked: "re.Match[str]") -> ModelVersion:
    """Return the version that is meant now."""
    if asked["version"]:
        return get_version(client, asked["version"])
    if asked["alias"] == CHAMPION:
        return champion_version(client)
    found = find_alias(client, asked["alias"])
    if found is None:
        raise RegistryError(
            f"no version of {MODEL} has the alias {asked['alias']!r}; `dicom-router champion` lists them"
        )
    return found


def _download(version: ModelVersion, is_champion: bool) -> Located:
    """Return the folder of ``version``, downloaded unless it is here and whole, and what its tags warn of."""
    folder = _place(str(version.version), version.source or "")
    if not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            found = Path(download_artifacts(f"models:/{MODEL}/{version.version}/{INSIDE}", dst_path=scratch))
            read_specification(found, SPECIFICATION)
            _put(found, folder)
    warning = _warning(version, is_champion)
    write_json(folder.with_name(f"{folder.name}{NOTE}"), {"warning": warning})
    if is_champion:
        write_json(_home() / LAST, {"version": str(version.version), "folder": folder.name})
    return Located(folder, warning)


def _warning(version: ModelVersion, is_champion: bool) -> str | None:
    if passed(version.tags):
        return None
    who = "Champion" if is_champion else "Version"
    return in_red(f"{who} {version.version}", failed_checks(version.tags))


def _put(found: Path, folder: Path) -> None:
    """Move what was downloaded to its place, unless another process was there first."""
    try:
        found.replace(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or not _is_whole(folder):
            raise


def _is_whole(folder: Path) -> bool:
    try:
        read_specification(folder, SPECIFICATION)
    except ModelError:
        return False
    return True


def _kept(asked: "re.Match[str]") -> Path | None:
    """Return what was downloaded before of a version, or of the champion."""
    if asked["version"]:
        folders = sorted(path for path in _home().glob(f"{asked['version']}-*") if path.is_dir())
        return next(filter(_is_whole, folders), None)
    name = _read_note(_home() / LAST).get("folder") if asked["alias"] == CHAMPION else None
    return _home() / name if name and _is_whole(_home() / name) else None


def _read_note(path: Path) -> dict[str, str]:
    """Return what this module wrote beside folders; nothing where it is not there or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {name: str(value) for name, value in found.items() if value} if isinstance(found, dict) else {}


def _place(version: str, source: str) -> Path:
    """Return where a version lies; another model of the same number, in a registry made anew, lies elsewhere."""
    return _home() / f"{version}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"


def _home() -> Path:
    """Return the folder of this server's versions below the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "dicom-router" / hashlib.sha256(address().encode()).hexdigest()[:8]
