"""The watch over runs: one whose heart stopped ends as Crashed, and its deployment's slot is free again."""

from datetime import timedelta

from prefect.automations import AutomationCore, EventTrigger, Posture, ResourceSpecification
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState

HEARTBEAT = "prefect.flow-run.heartbeat"
ENDS = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}

# kill -9 of a worker and its run leaves nobody who could report the end: three missed heartbeats do.
WATCH = AutomationCore(
    name="Crash runs whose heart stopped",
    trigger=EventTrigger(
        after={HEARTBEAT},
        expect={HEARTBEAT, *ENDS},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=90),
    ),
    actions=[
        ChangeFlowRunState(
            name="Crashed",
            state=StateType.CRASHED,
            message="No heartbeat for 90 seconds: its process is gone.",
            force=False,
        )
    ],
)


def watch_runs(client: SyncPrefectClient) -> None:
    """Create the automation, or bring it up to date."""
    known = client.read_automations_by_name(WATCH.name)
    if known:
        client.update_automation(known[0].id, WATCH)
    else:
        client.create_automation(WATCH)
