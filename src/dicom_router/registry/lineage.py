"""Where a version comes from: data, code, parameters, stages, and the runs that made it."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from dicom_router.errors import RegistryError
from dicom_router.registry.champion import CHALLENGER, CHAMPION, champion_version, find_alias, get_version
from dicom_router.registry.lock import UNKNOWN
from dicom_router.registry.runs import experiment_id
from dicom_router.registry.server import MODEL, connected, page

STAGE = "dvc.lock."


@dataclass(frozen=True)
class Lineage:
    """All that a version was made of."""

    version: str
    run_id: str
    run_url: str
    commit: str
    dirty: bool
    data: str  # DVC's hash
    lock: str  # of all stages
    stages: Mapping[str, str]
    params: Mapping[str, str]
    figures: Mapping[str, float]
    versions: Mapping[str, str]
    hardware: Mapping[str, str]
    flow_run_id: str | None
    flow_run_url: str | None
    synthetic: bool


def read_lineage(version: str) -> Lineage:
    """Return the lineage of ``version``, a number or ``champion`` or ``challenger``.

    Raises:
        RegistryError: there is no such version, or its run was deleted.
        NoChampion: nobody has promoted a version.
        RegistryUnreachable: MLflow does not answer.
    """
    with connected() as client:
        found = resolve(client, version)
        if not found.run_id:
            raise RegistryError(f"version {found.version} was registered without a run: nothing is known of its making")
        run = _run(client, str(found.version), found.run_id)
        url = page("experiments", experiment_id(client), "runs", run.info.run_id)
    return _lineage(str(found.version), run, url)


def _run(client: MlflowClient, version: str, run_id: str) -> Run:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise RegistryError(
            f"the run that made version {version} was deleted from MLflow for good: nothing is known of its making"
        ) from None


def resolve(client: MlflowClient, version: str) -> ModelVersion:
    """Return the version that a person means by a number or an alias."""
    if version == CHAMPION:
        return champion_version(client)
    if version == CHALLENGER:
        found = find_alias(client, CHALLENGER)
        if found is None:
            raise RegistryError(f"no version of {MODEL} is {CHALLENGER}: none has passed its gate yet")
        return found
    return get_version(client, version)


def _lineage(version: str, run: Run, url: str) -> Lineage:
    tags = run.data.tags
    return Lineage(
        version=version,
        run_id=run.info.run_id,
        run_url=url,
        commit=tags.get("git.commit", UNKNOWN),
        dirty=tags.get("git.dirty") == "true",
        data=tags.get("dvc.data", UNKNOWN),
        lock=tags.get("dvc.lock", UNKNOWN),
        stages=_below(STAGE, tags),
        params=dict(run.data.params),
        figures=dict(run.data.metrics),
        versions=_below("version.", tags),
        hardware=_below("hardware.", tags),
        flow_run_id=tags.get("prefect.flow_run_id"),
        flow_run_url=tags.get("prefect.flow_run_url"),
        synthetic=tags.get("synthetic") == "true",
    )


def _below(prefix: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags whose names start with ``prefix``, by the rest of their names, sorted."""
    return {name.removeprefix(prefix): value for name, value in sorted(tags.items()) if name.startswith(prefix)}
