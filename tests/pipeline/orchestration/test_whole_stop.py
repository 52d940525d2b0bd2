"""One training through all that may happen, of three epochs, after each of which it waits until a gate opens.

In its first epoch it was killed with its worker (``stopped_heart``). The next run goes on, and in its second epoch
everything is stopped. The run that waited for it goes on in its turn, and in the third epoch servers die, and MLflow
stays away. Runs after the other tests of the platform, since it stops that.
"""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from listening_proxy import Proxy
from real_platform import STAGES, RealPlatform, wait
from small_project import environment

from dicom_router.services.__main__ import NOT_UP

KILLED = ("mlflow", "prefect", "worker-gpu")
DUE = timedelta(seconds=75)  # Prefect looks every minute for what is to be scheduled
MISSED = 3  # runs that are due while nothing is up


@dataclass(frozen=True)
class Stop:
    """What a stop of everything came to, and the start after it."""

    run: str  # in which a training was in its second epoch
    waiting: str  # the next run of the same content
    late: tuple[Mapping[str, Any], ...]  # runs that a schedule would have started meanwhile
    catching_up: tuple[Mapping[str, Any], ...]
    messages: str


@pytest.fixture(scope="session")
def schedule(platform: RealPlatform, restored: str) -> datetime:
    """Give ``train/gpu`` a schedule of some runs, and stop their worker; return when the last is due."""
    platform.supervise("stop", "worker-gpu")
    start = datetime.now(UTC).replace(microsecond=0) + DUE
    rule = f"DTSTART:{start:%Y%m%dT%H%M%SZ}\nRRULE:FREQ=SECONDLY;COUNT={MISSED}"
    path = f"deployments/{platform.api('deployments/name/train/gpu')['id']}/schedules"
    platform.api(path, [{"active": True, "schedule": {"rrule": rule}}])
    return start + timedelta(seconds=MISSED)


@pytest.fixture(scope="session")
def waiting(platform: RealPlatform, schedule: datetime, stopped_heart: str, pausing: str) -> tuple[str, str]:
    """Go on with the training that was killed, to its next epoch, and start the same again; return both runs."""
    platform.gate.unlink(missing_ok=True)
    first = platform.start("train/cpu", commit=pausing)
    platform.stage_process()
    return first, platform.start("train/cpu", commit=pausing)


@pytest.fixture(scope="session")
def stop(platform: RealPlatform, schedule: datetime, waiting: tuple[str, str]) -> Stop:
    """Stop everything in mid-run and start it again, by two hands at once; meanwhile runs of a schedule are due."""
    wait(lambda: platform.state(waiting[1])["name"] == "AwaitingConcurrencySlot", 120, "the second run does not wait")
    wait(lambda: len(scheduled(platform)) == MISSED, 90, "no run appears by itself")
    wait(lambda: len(told_of_epochs(platform, waiting[0])) > 1, 90, "nothing of its second epoch arrives")
    elsewhere = {**environment(), "TMPDIR": "/nowhere"}  # another shell, where none of the addresses is set
    down = platform.make("down", elsewhere)
    assert down.returncode == 0, down.stderr
    assert platform.processes() == []
    assert platform.make("status", elsewhere).returncode == NOT_UP
    wait(lambda: datetime.now(UTC) > schedule, DUE.total_seconds(), "the clock stands still")
    ups = platform.make_twice_at_once("up")
    assert [up.returncode for up in ups] == [0, 0], ups
    status = platform.make("status", elsewhere)
    assert status.returncode == 0, status.stdout
    catching_up = tuple(run for run in runs_of(platform, "gpu") if "catch-up" in run["tags"])
    for run in catching_up:
        platform.end_of(run["id"])
    return Stop(*waiting, tuple(scheduled(platform)), catching_up, "".join(up.stderr for up in ups))


@pytest.fixture(scope="session")
def resumed(platform: RealPlatform, stop: Stop) -> str:
    """Have the waiting run go on with the training while servers die, and while MLflow stays away; return it."""
    platform.stage_process()
    before = platform.programs()
    for name in KILLED:
        before[name].kill()
    wait(lambda: came_back(platform, before), 120, "not all of them came back")
    platform.supervise("stop", "mlflow")
    wait(lambda: "NOT WELL" not in without_mlflow(platform), 120, platform.make("status").stdout)
    refused = platform.start("train/gpu", allow_cpu=True)
    platform.gate.touch()
    wait(lambda: platform.tasks(stop.waiting).get("record") == "AwaitingRetry", 240, "it is not tried again")
    ended = platform.end_of(refused)
    platform.supervise("start", "mlflow")
    assert ended["type"] == "FAILED"
    assert "does not answer: start it with `make up`" in ended["message"]
    assert platform.tasks(refused) == {}
    assert platform.end_of(stop.waiting)["type"] == "COMPLETED", platform.state(stop.waiting)
    return stop.waiting


def scheduled(platform: RealPlatform) -> list[Mapping[str, Any]]:
    """Return the runs of `train/gpu` that appeared by themselves."""
    return [run for run in runs_of(platform, "gpu") if run["auto_scheduled"]]


def runs_of(platform: RealPlatform, deployment: str) -> list[Mapping[str, Any]]:
    """Return the runs of a deployment."""
    found: list[Mapping[str, Any]] = platform.api("flow_runs/filter", {"deployments": {"name": {"any_": [deployment]}}})
    return found


def came_back(platform: RealPlatform, before: Mapping[str, Any]) -> bool:
    """Say whether all that was killed runs anew, and nothing else does."""
    after = platform.programs()
    return {name for name in before if before[name] != after.get(name, before[name])} == set(KILLED)


def without_mlflow(platform: RealPlatform) -> str:
    """Return what is said of all but MLflow."""
    return "".join(line for line in platform.make("status").stdout.splitlines() if not line.startswith("mlflow"))


def test_a_run_that_was_stopped_is_told_as_such(platform: RealPlatform, stop: Stop) -> None:
    assert platform.state(stop.run)["type"] == "CRASHED"
    assert "stopped in mid-run" in platform.state(stop.run)["message"]


def test_of_two_that_start_the_platform_at_once_one_waits(stop: Stop) -> None:
    assert stop.messages.count("another `make up` or `make down` is at work") == 1


def test_one_run_catches_up_for_all_that_a_schedule_missed(stop: Stop) -> None:
    assert [run["state"]["message"] for run in stop.late] == ["Late: one run catches up for all."] * MISSED
    assert len(stop.catching_up) == 1


def test_a_training_on_a_gpu_is_refused_where_there_is_none(platform: RealPlatform, stop: Stop) -> None:
    state = platform.state(stop.catching_up[0]["id"])
    assert state["type"] == "FAILED"
    assert state["message"].startswith("this machine has no GPU that PyTorch can use: run the deployment train/cpu")


def test_a_training_that_was_killed_with_its_worker_goes_on_after_its_last_epoch(
    platform: RealPlatform, stop: Stop
) -> None:
    assert told_of_epochs(platform, stop.run) == ["going on after epoch 1 of 3", "epoch   2/3"]


def test_a_training_that_was_stopped_goes_on_and_comes_to_the_same(platform: RealPlatform, resumed: str) -> None:
    assert told_of_epochs(platform, resumed) == ["going on after epoch 2 of 3", "epoch   3/3"]
    wait(lambda: "slow" in platform.tasks(resumed), 20, "the task of the added stage is not known")
    tasks = platform.tasks(resumed)
    ran = [name for name in (*STAGES, "slow") if tasks[name] != "Cached"]
    assert ran == ["train", "slow"]  # what comes after the training was made of the very same weights before


def told_of_epochs(platform: RealPlatform, run: str) -> list[str]:
    """Return what a run logged of epochs, without their figures."""
    lines = platform.log(run).splitlines()
    return [line.partition("  loss")[0] for line in lines if line.startswith(("going on after", "epoch "))]


def test_an_added_stage_runs_once(platform: RealPlatform, resumed: str) -> None:
    steps = [line for line in platform.log(resumed).splitlines() if line.startswith("step ")]
    assert steps == [f"step {number}" for number in range(4)]


def test_there_is_one_record_and_one_version_of_it(platform: RealPlatform, resumed: str) -> None:
    version = platform.state(resumed)["message"].split()[1]
    commit = platform.run("git", "rev-parse", "pausing").stdout.strip()
    server = f"{platform.variables['MLFLOW_TRACKING_URI']}/api/2.0/mlflow"
    wanted = {"experiment_ids": ["1"], "filter": f"tags.`git.commit` = '{commit}'"}
    (record,) = ask_mlflow(f"{server}/runs/search", wanted)["runs"]
    versions = ask_mlflow(f"{server}/model-versions/search?filter=name='dicom-router'")["model_versions"]
    assert [row["version"] for row in versions if row["run_id"] == record["info"]["run_id"]] == [version]
    assert record["info"]["status"] == "FINISHED"


def test_nothing_phones_home(resumed: str, proxy: Proxy) -> None:
    assert proxy.asked == []


def ask_mlflow(url: str, document: object = None) -> Any:
    """Return what MLflow answers."""
    content = None if document is None else json.dumps(document).encode()
    with urllib.request.urlopen(urllib.request.Request(url, content, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)
