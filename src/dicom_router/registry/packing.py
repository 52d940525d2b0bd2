"""What a version is made of for MLflow: signature, requirements, code and an example."""

import shutil
from importlib.metadata import requires, version
from pathlib import Path
from typing import Final

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from packaging.requirements import Requirement

from dicom_router.labels import CLASSES
from dicom_router.sample.cohort import plan
from dicom_router.sample.making import make_file

SERVED: Final = Path(__file__).with_name("served.py")
PACKAGE: Final = "dicom_router"
NOT_NEEDED: Final = ("__pycache__", "registry", "stages", "cli", "sample", "report", "training", "packaging")
TEXTS: Final = ("decision", "reasons", "guarantee", "reason", "detail", "model")


def signature() -> ModelSignature:
    """Return what goes in (bytes, or a file's name) and what comes out (as ``dicom-router classify`` has it)."""
    takes: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.binary, "dicom", required=False),
        ColSpec(DataType.string, "path", required=False),
    ]
    gives: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.string, "label", required=False),
        *(ColSpec(DataType.double, f"p_{name}", required=False) for name in CLASSES),
        *(ColSpec(DataType.string, name, required=False) for name in TEXTS),
        ColSpec(DataType.double, "outlier_score", required=False),
        ColSpec(DataType.boolean, "synthetic_model"),
    ]
    return ModelSignature(inputs=Schema(takes), outputs=Schema(gives))


def requirements() -> list[str]:
    """Return the light install, in the versions that are installed here, and MLflow."""
    names = [Requirement(line) for line in requires(PACKAGE) or []]
    light = sorted(one.name for one in names if one.marker is None)
    return [f"{name}=={version(name)}" for name in [*light, mlflow.__name__]]


def input_example() -> pd.DataFrame:
    """Return the first film of the synthetic sample."""
    content, _ = make_file(next(iter(plan(seed=1, images=1))))
    return pd.DataFrame({"dicom": [content]})


def copy_code(project: Path, folder: Path) -> Path:
    """Copy the package of ``project`` into ``folder``, without what inference never imports; return the copy."""
    source = project / "src" / PACKAGE
    return Path(shutil.copytree(source, folder / PACKAGE, ignore=shutil.ignore_patterns(*NOT_NEEDED)))
