"""Before workers start, `make up` puts in order: pools, the watch over runs, and what a stop left behind."""

import sys
from datetime import UTC, datetime

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Cancelled, Crashed

from dicom_router.services.settings import AFTER_STOP, POOLS
from flows.watching import watch_runs

STARTED = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


def make_pools(client: SyncPrefectClient) -> None:
    """Create the work pools that are not there yet."""
    for pool in POOLS:
        try:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        except ObjectAlreadyExists:
            continue


def crash_what_was_stopped(client: SyncPrefectClient) -> None:
    """End runs that a stop in mid-run left `Running`: they hold their deployment's slot for ever."""
    started = FlowRunFilter.model_validate({"state": {"type": {"any_": STARTED}}})
    for run in client.read_flow_runs(flow_run_filter=started):
        client.set_flow_run_state(run.id, Crashed(message="The platform was stopped in mid-run."), force=True)


def skip_to_the_newest(client: SyncPrefectClient) -> None:
    """Cancel late runs of a schedule but for the newest of each deployment: one catches up for all."""
    late = FlowRunFilter.model_validate(
        {"state": {"type": {"any_": [StateType.SCHEDULED]}}, "expected_start_time": {"before_": datetime.now(UTC)}}
    )
    newest_first = client.read_flow_runs(flow_run_filter=late, sort=FlowRunSort.EXPECTED_START_TIME_DESC)
    seen: set[object] = set()
    for run in filter(_is_of_a_schedule, newest_first):
        if run.deployment_id in seen:
            client.set_flow_run_state(run.id, Cancelled(message="Late: a newer run catches up."), force=True)
        seen.add(run.deployment_id)


def _is_of_a_schedule(run: FlowRun) -> bool:
    return bool(run.auto_scheduled)


if __name__ == "__main__":
    with get_client(sync_client=True) as client:
        make_pools(client)
        watch_runs(client)
        if AFTER_STOP in sys.argv[1:]:
            crash_what_was_stopped(client)
        skip_to_the_newest(client)
