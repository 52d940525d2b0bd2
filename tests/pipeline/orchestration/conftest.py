"""One platform for all tests of orchestration, over the project that the other tests of the pipeline use."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import scoring_commands
from real_platform import RealPlatform, as_shown, commit_with_slow_stage, variables, wait


@pytest.fixture(scope="session")
def platform(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPlatform]:
    """Start a platform over ``project``; afterwards nothing of it may be left."""
    made = RealPlatform(project, variables(tmp_path_factory.mktemp("platform")))
    try:
        started = made.make("up")
        assert started.returncode == 0, started.stderr
        yield made
    finally:
        made.gate.touch()
        ended = made.make("down")
    assert ended.returncode == 0, ended.stderr
    assert made.processes() == []


@pytest.fixture
def closed_gate(platform: RealPlatform) -> Iterator[Path]:
    """Have slow stages wait; open the gate in the end."""
    platform.gate.unlink(missing_ok=True)
    yield platform.gate
    platform.gate.touch()


@pytest.fixture(scope="session")
def stopped_heart(platform: RealPlatform) -> str:
    """Kill a run, its stage and its worker at once, so that nobody can report it; return the run."""
    platform.gate.unlink(missing_ok=True)
    branch = commit_with_slow_stage(platform.run, platform.project, "stopped-heart")
    run = platform.start("train/gpu", commit=branch, accelerator="gpu", allow_cpu=True)
    stage = platform.stage_process()
    worker = platform.programs()["worker-gpu"]
    for process in (worker, *worker.children(recursive=True)):
        process.kill()
    wait(lambda: not stage.is_running(), 15, "the stage outlives the run")
    return run


@pytest.fixture(scope="session")
def restored(platform: RealPlatform, stopped_heart: str) -> str:
    """Do as the README says until a person promotes; everything is in DVC's cache. Return the run."""
    ran = as_shown(platform, scoring_commands()[0])
    assert ran.code == 0 and "finished successfully" in ran.printed, ran.printed
    found = re.search(r"UUID: (\S+)", ran.printed)
    assert found is not None
    return found[1]
