"""Runs of the flow ``train`` against real servers: what a user sees, and what they survive."""

import re
from pathlib import Path

import pytest
from real_platform import STAGES, RealPlatform, add_slow_stage, commit, replace, wait


def test_there_is_a_task_for_every_stage_and_cached_ones_show_as_cached(platform: RealPlatform, restored: str) -> None:
    wait(lambda: len(platform.tasks(restored)) >= len(STAGES) + 4, 20, "not all tasks are known")
    tasks = platform.tasks(restored)
    assert list(tasks)[: len(STAGES)] == STAGES
    assert {tasks[name] for name in STAGES} == {"Cached"}


def test_figures_stand_in_a_table_with_their_intervals(platform: RealPlatform, restored: str) -> None:
    rows = platform.api("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [restored]}}})
    tables = [row for row in rows if row["key"] == "figures"]
    assert re.search(r'"macro f1", "test": "[\d.]+ \(', tables[0]["data"])
    assert {"report", "mlflow-run", "version"} <= {row["key"] for row in rows}


def test_the_model_is_a_version_with_a_verdict(platform: RealPlatform, restored: str) -> None:
    assert re.match(r"version 1 is (no )?challenger", platform.state(restored)["message"])


def test_the_users_checkout_stays_as_it_is(platform: RealPlatform, restored: str) -> None:
    assert platform.run("git", "status", "--porcelain").stdout == ""


def test_a_failed_expectation_is_the_message_of_the_run_and_is_not_retried(
    platform: RealPlatform, restored: str
) -> None:
    expectation = "src/dicom_router/dataset/expectations/table.py"
    stricter = ('between("trainable_classes", 2,', 'between("trainable_classes", 7,')
    branch = commit(platform.run, platform.project, "stricter", replace(expectation, *stricter))
    run = platform.start("train/cpu", commit=branch)
    ended = platform.end_of(run)
    assert ended["type"] == "FAILED"
    assert ended["message"].startswith("it does not hold that there are at least two classes to train on")
    wait(lambda: platform.tasks(run) == {"validate": "Failed"}, 20, str(platform.tasks(run)))
    assert platform.api(f"flow_runs/{run}")["run_count"] == 1


def test_a_run_that_was_killed_with_its_worker_ends_as_crashed(platform: RealPlatform, stopped_heart: str) -> None:
    assert platform.end_of(stopped_heart, 150)["type"] == "CRASHED"
    assert "No heartbeat" in platform.state(stopped_heart)["message"]


@pytest.mark.long
def test_after_supervisord_was_killed_all_comes_back_and_the_next_run_goes_on(
    platform: RealPlatform, restored: str, closed_gate: Path
) -> None:
    branch = commit(platform.run, platform.project, "goes-on", add_slow_stage)
    run = platform.start("train/cpu", commit=branch)
    stage = platform.stage_process()
    supervisord = platform.programs()["guard"].parent()
    assert supervisord is not None
    supervisord.kill()
    wait(lambda: platform.make("status").returncode == 0, 200, platform.make("status").stdout)
    assert not stage.is_running()
    assert platform.state(run)["type"] == "CRASHED"
    closed_gate.touch()
    again = platform.start("train/cpu", commit=branch)
    assert platform.end_of(again)["type"] == "COMPLETED", platform.state(again)
    steps = [line for line in platform.log(again).splitlines() if line.startswith("step ")]
    assert steps == ["step 2", "step 3"]
