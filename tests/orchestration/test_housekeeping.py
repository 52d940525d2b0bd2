"""What a `make up` after a stop ends, and what it leaves alone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import CreatedBy, FlowRun
from prefect.states import Pending, Running, State

from flows.stopped import WORKER, carried_by_nobody, newest_of_each_schedule

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(state: State | None = None, worker: str | None = None) -> FlowRun:
    labels = {} if worker is None else {WORKER: worker}
    kind = None if state is None else state.type
    return FlowRun(flow_id=uuid4(), state=state, state_type=kind, labels=labels)


def due(schedule: UUID, hours: int) -> FlowRun:
    made = CreatedBy(id=schedule, type="SCHEDULE")
    return FlowRun(flow_id=uuid4(), auto_scheduled=True, created_by=made, expected_start_time=NOW + hours * HOUR)


@pytest.mark.parametrize(
    ("one", "ends"),
    [
        (run(Running(timestamp=NOW), "ours-cpu"), True),
        (run(Running(timestamp=NOW - HOUR), "theirs-cpu"), False),
        (run(Running(timestamp=NOW - HOUR)), False),
        (run(Pending(timestamp=NOW - HOUR), "theirs-cpu"), False),
        (run(Pending(timestamp=NOW - HOUR)), True),
        (run(Pending(timestamp=NOW)), False),
    ],
    ids=["ours", "another machine's", "a person's own", "another's, pending", "nobody's", "about to be taken"],
)
def test_runs_of_this_machines_workers_end(one: FlowRun, ends: bool) -> None:
    assert carried_by_nobody([one], {"ours-cpu", "ours-gpu"}, NOW) == ([one] if ends else [])


def test_one_run_of_each_schedule_catches_up_the_newest() -> None:
    first, second = uuid4(), uuid4()
    newest = due(first, 3), due(second, 2)
    older = due(first, 2), due(first, 1), due(second, 1)
    found = newest_of_each_schedule([newest[0], older[0], newest[1], older[1], older[2]])
    assert {run.id for run in found} == {run.id for run in newest}
