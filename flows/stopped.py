"""What a stop left behind: runs that nobody carries on, and runs of schedules that were due meanwhile."""

from collections.abc import Sequence, Set
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, WorkPoolFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed

from dicom_router.services.settings import POOLS

STARTED = {"state": {"type": {"any_": [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]}}}
DUE = {"state": {"name": {"any_": ["Late", "Scheduled"]}}}  # what waits for a slot is AwaitingConcurrencySlot
WORKER = "prefect.worker.name"  # the label that a worker gives to its run
UNTAKEN = timedelta(minutes=1)  # a worker gives it within a moment


def clear_up(client: SyncPrefectClient, workers: Set[str]) -> None:
    """End what a stop of ``workers`` left behind, and have one run catch up for each schedule."""
    now = datetime.now(UTC)
    for run in carried_by_nobody(runs(client, STARTED), workers, now):
        client.set_flow_run_state(run.id, Crashed(message="The platform was stopped in mid-run."), force=True)
    late = [run for run in runs(client, DUE | {"expected_start_time": {"before_": now}}) if run.auto_scheduled]
    for run in newest_of_each_schedule(late):
        repeat(client, run)
    for run in late:
        client.set_flow_run_state(run.id, Cancelled(message="Late: one run catches up for all."), force=True)


def carried_by_nobody(started: Sequence[FlowRun], workers: Set[str], now: datetime) -> list[FlowRun]:
    """Return those of runs that count as started which ended with ``workers``: they hold a slot for ever.

    Runs of other machines' workers live on; one that no worker has taken within a minute of `Pending` lives nowhere.
    """
    untaken = [run for run in started if run.state_type == StateType.PENDING and WORKER not in run.labels]
    lost = [run for run in untaken if run.state is not None and run.state.timestamp < now - UNTAKEN]
    return [run for run in started if run.labels.get(WORKER) in workers] + lost


def newest_of_each_schedule(newest_first: Sequence[FlowRun]) -> list[FlowRun]:
    """Return one run of each schedule."""
    return list({run.created_by.id: run for run in reversed(newest_first) if run.created_by}.values())


def repeat(client: SyncPrefectClient, late: FlowRun) -> None:
    """Run at once what is ``late``: not that run itself, which Prefect deletes when the deployment is applied anew."""
    if late.deployment_id is not None:
        key, tags = f"catches up {late.id}", [*late.tags, "catch-up"]
        client.create_flow_run_from_deployment(
            late.deployment_id, parameters=late.parameters, idempotency_key=key, tags=tags
        )


def runs(client: SyncPrefectClient, which: dict[str, Any]) -> list[FlowRun]:
    """Return the runs in our pools, the newest first."""
    chosen, ours = FlowRunFilter.model_validate(which), WorkPoolFilter.model_validate({"name": {"any_": POOLS}})
    order, found = FlowRunSort.EXPECTED_START_TIME_DESC, list[FlowRun]()
    while page := client.read_flow_runs(flow_run_filter=chosen, work_pool_filter=ours, sort=order, offset=len(found)):
        found += page
    return found
