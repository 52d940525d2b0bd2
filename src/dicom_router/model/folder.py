"""Folders that hold a network or a model: a JSON specification that vouches for the files beside it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from dicom_router.errors import ModelError
from dicom_router.labels import CLASSES

FORMAT: Final = 2
WEIGHTS: Final = "weights.safetensors"
GRAPH: Final = "network.onnx"
NETWORK: Final = "network.json"
MODEL: Final = "model.json"
CARD: Final = "model_card.md"
TEST_FILMS: Final = "test_films.npz"
ASIDE: Final = (CARD, TEST_FILMS)  # which decide no answer

Specification = Mapping[str, Any]


def file_digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of each named file of ``folder``."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(names)}


def content_version(specification: Specification) -> str:
    """Return 16 hex digits that change whenever anything that decides an answer does (what is ``ASIDE`` does not)."""
    content = {key: value for key, value in specification.items() if key != "version"}
    content["files"] = {name: digest for name, digest in specification["files"].items() if name not in ASIDE}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def to_json(content: object) -> bytes:
    """Return ``content`` as the JSON that all specifications are written in: indented, newline at the end."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def read_specification(folder: Path, name: str) -> dict[str, Any]:
    """Read ``folder/name`` and check that every file it names, and a model's own specification, is what was written.

    Raises:
        ModelError: the folder is incomplete, damaged, or of another release of this program.
    """
    try:
        specification = json.loads((folder / name).read_text(encoding="utf-8"))
        _check_release(folder, specification)
        if name == MODEL:
            _check_version(folder, specification)
        _check_files(folder, specification)
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise ModelError(f"there is no folder {folder}; `dvc repro` makes artifacts/model") from None
        missing = Path(error.filename or name).name
        raise ModelError(f"{folder} is not a whole model: {missing} is missing; make it with `dvc repro`") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(f"{folder / name} is damaged ({error}); restore it with `dvc checkout`") from None
    return dict(specification)


def _check_release(folder: Path, specification: Specification) -> None:
    if specification["format"] != FORMAT:
        raise ModelError(f"{folder} has format {specification['format']}; this program reads format {FORMAT}")
    if tuple(specification["classes"]) != CLASSES:
        raise ModelError(f"{folder} tells other classes apart ({specification['classes']}) than {', '.join(CLASSES)}")


def _check_version(folder: Path, specification: Specification) -> None:
    if specification["version"] != content_version(specification):
        raise ModelError(f"{folder} is damaged: its specification is not version {specification['version']}")


def _check_files(folder: Path, specification: Specification) -> None:
    written = specification["files"]
    found = file_digests(folder, written)
    changed = [name for name in written if written[name] != found[name]]
    if changed:
        raise ModelError(f"{folder} is damaged: {', '.join(changed)} changed since it was written")
