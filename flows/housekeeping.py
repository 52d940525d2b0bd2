"""Before workers start, `make up` puts in order: pools, the watch over runs, and what a stop left behind."""

import os
import sys
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists

from dicom_router.services.settings import AFTER_STOP, POOLS, settings
from flows.stopped import clear_up
from flows.watching import watch_runs


def make_pools(client: SyncPrefectClient) -> None:
    """Create the work pools that are not there yet."""
    for pool in POOLS:
        try:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        except ObjectAlreadyExists:
            continue


if __name__ == "__main__":
    here = settings(Path.cwd(), os.environ)
    with get_client(sync_client=True) as client:
        make_pools(client)
        watch_runs(client)
        if AFTER_STOP in sys.argv[1:]:
            clear_up(client, {here.worker(pool) for pool in POOLS})
