"""What decides the weights of a training, as one name."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from dicom_router.labels import CLASSES
from dicom_router.model.training.recipe import Recipe


def inputs_digest(data: str, recipe: Recipe) -> str:
    """Return a name for everything that decides the weights: data, classes, recipe, code and libraries."""
    digest = hashlib.sha256(json.dumps([data, CLASSES, asdict(recipe)], sort_keys=True).encode())
    for package in ("torch", "timm", "lightning", "numpy"):
        digest.update(f"{package} {version(package)}".encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:16]
