"""Train: a task for every stage that dvc.yaml names, in DVC's order, then the registry; all in one working copy."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.tasks import Task

from dicom_router.errors import RegistryUnreachable, RouterError
from dicom_router.pipeline.devices import Accelerator, variables
from dicom_router.pipeline.results import rows
from dicom_router.pipeline.walking import Walk
from dicom_router.pipeline.working_copy import Request, working_copy
from dicom_router.registry import gate, recording, registering, server


def is_unreachable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether a task failed because MLflow does not answer: the one failure that time may mend."""
    return isinstance(state.result(raise_on_failure=False), RegistryUnreachable)


patient = task(cache_policy=NO_CACHE, retries=20, retry_delay_seconds=15, retry_condition_fn=is_unreachable)
record, register, judge = patient(recording.record), patient(registering.register), patient(gate.judge)


@task(cache_policy=NO_CACHE)
def stage(walk: Walk, name: str) -> State[None]:
    """Reproduce one stage; what DVC finds unchanged or in its cache ends as Cached."""
    if walk.reproduce(name, get_run_logger().info):
        return Completed(message="its command ran")
    return Completed(name="Cached", message="unchanged, or taken from DVC's cache")


@task(cache_policy=NO_CACHE, task_run_name="push", retries=3, retry_delay_seconds=10)
def push(walk: Walk) -> State[None]:
    """Push results to DVC's remote, where one is set."""
    return Completed(message="pushed" if walk.push(get_run_logger().info) else "no remote is set")


@flow(name="train")
def train(
    overrides: dict[str, Any] | None = None,
    commit: str = "HEAD",
    allow_dirty: bool = False,
    accelerator: Accelerator = "cpu",
    allow_cpu: bool = False,
    preset: str | None = None,
) -> State[None]:
    """Run the pipeline of `commit` with `preset`, then `overrides`, for params.yaml; register and judge its model."""
    try:
        server.check_reachable()
        device = variables(accelerator, allow_cpu=allow_cpu)
        with working_copy(Path.cwd(), flow_run.id, Request(commit, overrides or {}, allow_dirty, preset)) as copy:
            get_run_logger().info(copy.description)
            if copy.patch:
                create_markdown_artifact(f"```diff\n{copy.readable_patch}\n```", key="uncommitted-changes")
            provenance = recording.Provenance(copy.commit, bool(copy.patch), flow_run.id, flow_run.ui_url)
            with Walk(copy, device) as walk:
                with recording.follow(copy.folder, provenance):
                    for name in walk.stages:
                        stage.with_options(name=name, task_run_name=name)(walk, name)
                create_table_artifact(rows(copy.folder), key="figures", description="With 95% intervals.")
                create_markdown_artifact(f"`{copy.folder}/reports/index.html`", key="report-file")
                pushed = push(walk, return_state=True)
            recorded = record.with_options(task_run_name="record")(copy.folder, provenance)
            create_link_artifact(f"{recorded.url}/artifacts/reports/index.html", "Report", key="report")
            create_link_artifact(recorded.url, "MLflow run", key="mlflow-run")
            version = register.with_options(task_run_name="register")(copy.folder, recorded)
            create_link_artifact(version.url, f"Version {version.version}", key="version")
            verdict = judge.with_options(task_run_name="judge")(copy.folder, version)
    except RouterError as error:
        return Failed(message=str(error))
    message = verdict.of(version.version)
    return Failed(message=f"{pushed.message}\n{message}") if pushed.is_failed() else Completed(message=message)
