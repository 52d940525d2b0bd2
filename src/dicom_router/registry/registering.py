"""A version of the registered model: the model of a recorded run, loadable anywhere, with its card."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from dicom_router.model.folder import MODEL as SPECIFICATION
from dicom_router.model.folder import read_specification
from dicom_router.registry.champion import find_model
from dicom_router.registry.description import describe
from dicom_router.registry.lock import Lock
from dicom_router.registry.packing import copy_code, input_example, requirements, served, signature
from dicom_router.registry.recording import Recorded
from dicom_router.registry.server import MODEL, connected, page

FOLDER: Final = "artifacts/model"
ARTIFACT: Final = "model"  # among those of the run


@dataclass(frozen=True)
class Registered:
    """A version of the registered model; ``existed`` says that it had been registered before."""

    version: str
    url: str
    existed: bool


def register(project: Path, recorded: Recorded) -> Registered:
    """Register the model in ``project``, made by the run ``recorded``, or return the version that there is.

    A model whose stages all have the same hashes is the same version, whichever commit it was made from.

    Raises:
        ModelError: the model's folder is not whole.
        RegistryError: the code that made it cannot serve it, or MLflow refuses.
        RegistryUnreachable: MLflow does not answer; call again.
    """
    lock = Lock.read(project)
    specification = read_specification(project / FOLDER, SPECIFICATION)
    with connected() as client:
        found = find_version(client, lock.digest)
        if found is not None:
            return Registered(str(found.version), _page(found), existed=True)
        _require_model(client)
        tags = {
            "dvc.lock": lock.digest,
            "dvc.data": lock.data,
            "model.version": str(specification["version"]),
            "synthetic": str(specification["synthetic"]).lower(),
        }
        source, text = _upload(client, project, recorded.run_id), describe(project, "**The gate: not judged yet.**")
        made = client.create_model_version(MODEL, source, recorded.run_id, tags, description=text)
    return Registered(str(made.version), _page(made), existed=False)


def find_version(client: MlflowClient, lock: str) -> ModelVersion | None:
    """Return the version whose stages have the hash ``lock``."""
    found = client.search_model_versions(f"name = '{MODEL}' and tags.`dvc.lock` = '{lock}'")
    return min(found, key=lambda version: int(version.version), default=None)


def _upload(client: MlflowClient, project: Path, run_id: str) -> str:
    """Add the model with its code to the artifacts of the run; return where it lies.

    ``log_model`` would do so too, and ask for the history of each of the run's 300 figures.
    """
    with tempfile.TemporaryDirectory() as scratch, _quiet():
        folder = Path(scratch) / ARTIFACT
        mlflow.pyfunc.save_model(
            folder,
            python_model=str(served(project)),
            artifacts={"model": str(project / FOLDER)},
            code_paths=[str(copy_code(project, Path(scratch) / "code"))],
            signature=signature(),
            input_example=input_example(),
            pip_requirements=requirements(),
            model_config={"allow_synthetic_model": False},
        )
        client.log_artifacts(run_id, str(folder), ARTIFACT)
    return f"{client.get_run(run_id).info.artifact_uri}/{ARTIFACT}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what MLflow says of its own code, and of columns that are strings and may be missing."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")
        warnings.filterwarnings("ignore", message=".*Any type hint.*", category=UserWarning)
        yield


def _require_model(client: MlflowClient) -> None:
    """Make the registered model where there is none, unless another training is quicker."""
    if find_model(client) is not None:
        return
    text = "Which of five groups a radiograph belongs to. Promote a version by giving it the alias `champion`."
    try:
        client.create_registered_model(MODEL, description=text)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _page(version: ModelVersion) -> str:
    return page("models", MODEL, "versions", str(version.version))
