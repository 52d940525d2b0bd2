"""A preset as overrides: dotted keys of params.yaml with their values."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from dicom_router.errors import ParameterError

FOLDER: Final = Path(__file__).parent
NAMES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def preset(name: str) -> dict[str, Any]:
    """Return ``{"preprocess.image_size": 512, ...}`` of the preset ``name``.

    Raises:
        ParameterError: there is none of this name.
    """
    if name not in NAMES:
        raise ParameterError(f"there is no preset {name!r}; accepted: {', '.join(NAMES)}")
    return dict(_dotted(YAML(typ="safe", pure=True).load(FOLDER / f"{name}.yaml")))


def _dotted(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
