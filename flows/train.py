"""Train: a task for every stage that dvc.yaml names, in DVC's order, in a working copy of one commit."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from dicom_router.errors import RouterError
from dicom_router.pipeline.devices import Accelerator, variables
from dicom_router.pipeline.results import rows
from dicom_router.pipeline.walking import Walk
from dicom_router.pipeline.working_copy import Request, WorkingCopy, working_copy


@task(cache_policy=NO_CACHE)
def stage(walk: Walk, name: str) -> State[None]:
    """Reproduce one stage; what DVC finds unchanged or in its cache ends as Cached."""
    if walk.reproduce(name, get_run_logger().info):
        return Completed(message="its command ran")
    return Completed(name="Cached", message="unchanged, or taken from DVC's cache")


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=10)
def push(walk: Walk) -> State[None]:
    """Push results to DVC's remote, where one is set."""
    return Completed(message="pushed" if walk.push(get_run_logger().info) else "no remote is set")


def show(copy: WorkingCopy) -> None:
    """Put figures, places and uncommitted changes on the run's page."""
    create_table_artifact(rows(copy.folder), key="figures", description="With 95% intervals.")
    create_markdown_artifact(f"Report: `{copy.folder}/reports/index.html`", key="report")


@flow(name="train")
def train(
    overrides: dict[str, Any] | None = None,
    commit: str = "HEAD",
    allow_dirty: bool = False,
    accelerator: Accelerator = "cpu",
    allow_cpu: bool = False,
) -> State[None]:
    """Run the pipeline of ``commit``, with other values for keys of params.yaml if ``overrides`` has some."""
    try:
        device = variables(accelerator, allow_cpu=allow_cpu)
        with working_copy(Path.cwd(), flow_run.id, Request(commit, overrides or {}, allow_dirty)) as copy:
            if copy.patch:
                create_markdown_artifact(f"```diff\n{copy.patch}\n```", key="uncommitted-changes")
            with Walk(copy, device) as walk:
                for name in walk.stages:
                    stage.with_options(name=name, task_run_name=name)(walk, name)
                show(copy)
                push(walk)
    except RouterError as error:
        return Failed(message=str(error))
    return Completed(message=str(copy.folder))
