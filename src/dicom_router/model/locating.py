"""Where a model lies: the only module that knows what else than a folder may be named."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_router.extras import extra

REGISTRY: Final = "models:/"  # as MLflow has it: models:/dicom-router@champion, models:/dicom-router/3
FETCHING: Final = "dicom_router.registry.fetching"  # imported by its name: its room stands above, and needs mlflow


@dataclass(frozen=True)
class Located:
    """Where a model lies, and what whoever reports its answers must say of it in red."""

    folder: Path
    warning: str | None = None


def locate(reference: str | Path) -> Path:
    """Return the folder of the model that ``reference`` names, as ``look_up`` does."""
    return look_up(reference).folder


def look_up(reference: str | Path) -> Located:
    """Find the model that ``reference`` names: the folder itself, or what a registry holds.

    Raises:
        MissingExtra: it lies in a registry, and what is needed to ask one is not installed.
        RouterError: the registry cannot be reached, or has no such model.
    """
    if not str(reference).startswith(REGISTRY):
        return Located(Path(reference))
    with extra("platform"):
        fetching = importlib.import_module(FETCHING)
    located = fetching.look_up(str(reference))
    assert isinstance(located, Located)
    return located
