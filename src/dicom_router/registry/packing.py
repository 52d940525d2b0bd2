"""What a version is made of for MLflow: signature, requirements, code and an example."""

import shutil
from importlib.metadata import requires, version
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Final

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from packaging.requirements import Requirement

from dicom_router.errors import RegistryError
from dicom_router.model.rows import COLUMNS
from dicom_router.sample.cohort import plan
from dicom_router.sample.making import make_file

SERVED: Final = Path("src/dicom_router/registry/served.py")  # in a project
PACKAGE: Final = "dicom_router"
TYPES: Final = {"string": DataType.string, "float64": DataType.double, "bool": DataType.boolean}


def signature() -> ModelSignature:
    """Return what goes in (bytes, or a file's name) and what comes out (as ``dicom-router classify`` has it)."""
    takes: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.binary, "dicom", required=False),
        ColSpec(DataType.string, "path", required=False),
    ]
    gives: list[ColSpec | TensorSpec] = [
        ColSpec(TYPES[kind], name, required=kind == "string") for name, kind in COLUMNS.items()
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


def served(project: Path) -> Path:
    """Return the file that MLflow runs, of the very code that made the model in ``project``.

    Raises:
        RegistryError: that code is of before models were registered.
    """
    path = project / SERVED
    if not path.is_file():
        raise RegistryError(f"{path} is missing: this commit cannot be registered; run the pipeline of a later one")
    return path


def copy_code(project: Path, folder: Path) -> Path:
    """Copy the modules of ``project`` that ``SERVED`` imports, at any remove, into ``folder``; return the copy.

    Raises:
        RegistryError: one of them is not there.
    """
    source = (project / "src").resolve()  # as the finder names what it finds
    finder = ModuleFinder([str(source)])  # which looks for no other package
    finder.run_script(str(served(project)))
    missing = sorted(name for name in finder.any_missing() if name.partition(".")[0] == PACKAGE)
    if missing:
        raise RegistryError(
            f"{SERVED.name} imports {', '.join(missing)}, which {source} does not have: commit what is missing, and"
            " run the pipeline again"
        )
    names = [str(getattr(found, "__file__", "")) for key, found in finder.modules.items() if key != "__main__"]
    for file in (Path(name) for name in names if Path(name).is_relative_to(source)):
        target = folder / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return folder / PACKAGE
