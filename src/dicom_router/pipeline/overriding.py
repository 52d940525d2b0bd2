"""Other values for keys of params.yaml, for one run."""

import io
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dicom_router.errors import ParameterError


def override(path: Path, overrides: Mapping[str, Any]) -> None:
    """Set ``{"train.network": "resnet18"}`` and the like in the YAML file ``path``; what is said there stays.

    Whether the keys and values are accepted is for ``params.load_params`` to say.

    Raises:
        ParameterError: a key leads through a value that holds no keys.
    """
    yaml = YAML()
    values = yaml.load(path.read_text(encoding="utf-8"))
    for name, value in overrides.items():
        _set(values, name, value)
    text = io.StringIO()
    yaml.dump(values, text)
    path.write_text(text.getvalue(), encoding="utf-8")


def _set(values: MutableMapping[str, Any], name: str, value: object) -> None:
    """Set the dotted ``name``."""
    *sections, key = name.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, MutableMapping):
            raise ParameterError(f"override {name}: {section} is {inner!r} and holds no keys; for example train.epochs")
        values = inner
    values[key] = value
