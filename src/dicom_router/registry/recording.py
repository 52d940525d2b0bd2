"""A run of the pipeline in MLflow: what went in, what came out, and who did it."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag, Run

from dicom_router.dataset.programs import uncommitted_patch
from dicom_router.dataset.table import read_origin
from dicom_router.errors import DataError
from dicom_router.evaluation.reading import read_json
from dicom_router.model.folder import MODEL, read_specification
from dicom_router.model.training.history import HISTORY, read_history
from dicom_router.registry.contents import figures, parameters
from dicom_router.registry.figures import draw_figures
from dicom_router.registry.following import follow, followed_run
from dicom_router.registry.known_films import FILE as KNOWN
from dicom_router.registry.known_films import known_films_csv
from dicom_router.registry.lock import Lock
from dicom_router.registry.provenance import Provenance, hardware, versions
from dicom_router.registry.runs import RECORDED, create_run, experiment_id, find_run, log, log_curves
from dicom_router.registry.server import connected, page

__all__ = ["Provenance", "Recorded", "follow", "record"]

PATCH: Final = "uncommitted.patch"
CONTEXT: Final = "mlflow.data.context"  # what MLflow's pages call the use of a dataset
# What a run keeps of a project, and in which folder of its artifacts; figures and known films are made for it.
FILES: Final = (
    ("params.yaml", ""),
    ("dvc.lock", ""),
    ("artifacts/splits.json", "data"),
    ("artifacts/network/history.csv", "reports"),
    ("reports/test.json", "reports"),
    ("reports/external.json", "reports"),
    ("reports/index.html", "reports"),
    ("artifacts/model/model_card.md", "reports"),
)


@dataclass(frozen=True)
class Recorded:
    """A run in MLflow; ``existed`` says that it had been recorded before."""

    run_id: str
    url: str
    existed: bool


def record(project: Path, provenance: Provenance) -> Recorded:
    """Record the run of the pipeline in ``project``, wholly, or return the record that there is.

    A run is the same when its commit and the hashes of all stages are. Interrupted, it is completed by the next call.

    Raises:
        DataError: the pipeline did not run to its end.
        RegistryUnreachable: MLflow does not answer; nothing is lost, call again.
        RegistryError: MLflow refuses.
    """
    lock = Lock.read(project)
    _require(project)
    with connected() as client:
        run = _find(client, lock, provenance)
        existed = run is not None and run.data.tags.get(RECORDED) == "true"
        if run is None:
            run = _followed(client, project, lock) or create_run(client, f"restored {lock.digest[:8]}", {})
        if not existed:
            _fill(client, run, project, lock, provenance)
        place = page("experiments", experiment_id(client), "runs", run.info.run_id)
    return Recorded(run.info.run_id, place, existed)


def _require(project: Path) -> None:
    """Refuse a project that lacks what is recorded."""
    missing = [name for name, _ in FILES if not (project / name).is_file()]
    if missing:
        raise DataError(f"{', '.join(missing)} missing in {project}: run the pipeline to its end, with `dvc repro`")


def _find(client: MlflowClient, lock: Lock, provenance: Provenance) -> Run | None:
    return find_run(client, {"dvc.lock": lock.digest, "git.commit": provenance.commit})


def _followed(client: MlflowClient, project: Path, lock: Lock) -> Run | None:
    """Return the run that followed the training in ``project``, unless it belongs to another lock."""
    wanted = f"attributes.run_id = '{followed_run(project)}'"  # searched, since somebody may have deleted it
    found = client.search_runs([experiment_id(client)], wanted)
    return next((run for run in found if run.data.tags.get("dvc.lock", lock.digest) == lock.digest), None)


def _fill(client: MlflowClient, run: Run, project: Path, lock: Lock, provenance: Provenance) -> None:
    """Log everything; the tag that says so comes last."""
    run_id, numbers = run.info.run_id, figures(project)
    log(client, run, tags=_tags(project, lock, provenance, run))
    log(client, run, params=parameters(project / "params.yaml"), figures=numbers)
    log_curves(client, run_id, read_history((project / "artifacts/network" / HISTORY).read_bytes()))
    client.log_inputs(run_id, datasets=[_dataset(project, lock)])
    for name, folder in FILES:
        client.log_artifact(run_id, str(project / name), folder or None)
    for name, content in draw_figures(project):
        client.log_figure(run_id, content, f"figures/{name}.png")
    client.log_text(run_id, known_films_csv(project), KNOWN)
    if provenance.dirty:
        _log_patch(client, run_id, project)
    client.set_tag(run_id, RECORDED, "true")
    client.set_terminated(run_id, status="FINISHED")


def _log_patch(client: MlflowClient, run_id: str, project: Path) -> None:
    """Keep what was not committed as the bytes that ``git apply`` takes."""
    with tempfile.TemporaryDirectory() as scratch:
        patch = Path(scratch) / PATCH
        patch.write_bytes(uncommitted_patch(project))
        client.log_artifact(run_id, str(patch))


def _tags(project: Path, lock: Lock, provenance: Provenance, run: Run) -> dict[str, str]:
    specification = read_specification(project / "artifacts/model", MODEL)
    followed = "followed" in run.data.tags
    return {
        **({} if followed else {**versions(), **hardware(), "followed": "false"}),
        **provenance.tags(),
        "dvc.lock": lock.digest,
        **{f"dvc.lock.{stage}": digest for stage, digest in lock.stages.items()},
        "dvc.data": lock.data,
        "model.version": specification["version"],
        "synthetic": str(specification["synthetic"]).lower(),
        "mlflow.runName": f"{specification['network']} {specification['version'][:8]}",
    }


def _dataset(project: Path, lock: Lock) -> DatasetInput:
    """Return the dataset by DVC's hash, with the number of films on each side; no path of this machine."""
    splits = read_json(project / "artifacts/splits.json")
    counts = {side: groups["all"]["images"] for side, groups in splits.items()}
    profile = {"description": read_origin(project / "data").description, "images": counts}
    source = CodeDatasetSource({"dvc.path": "data", "dvc.md5": lock.data})
    dataset = Dataset("data", lock.data, "code", source.to_json(), profile=json.dumps(profile))
    return DatasetInput(dataset, [InputTag(CONTEXT, "training")])
