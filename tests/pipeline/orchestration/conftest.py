"""One platform for all tests of orchestration, over the project that the other tests of the pipeline use."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import scoring_commands
from listening_proxy import Proxy, listening_proxy
from real_platform import RealPlatform, add_slow_stage, as_shown, commit, pause_training, variables, wait


@pytest.fixture(scope="session")
def proxy() -> Iterator[Proxy]:
    """Stand between the platform and any network."""
    with listening_proxy() as server:
        yield server


@pytest.fixture(scope="session")
def platform(project: Path, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPlatform]:
    """Start a platform over ``project``; afterwards nothing of it may be left."""
    made = RealPlatform(project, {**variables(tmp_path_factory.mktemp("platform")), **proxy.variables})
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
def pausing(platform: RealPlatform) -> str:
    """Return a branch whose training waits after each of its three epochs, and which has one more stage behind it."""
    return commit(platform.run, platform.project, "pausing", add_slow_stage, pause_training)


@pytest.fixture(scope="session")
def stopped_heart(platform: RealPlatform, pausing: str) -> str:
    """Kill a run in its first epoch, its stage and its worker at once, so that nobody can report it; return the run."""
    platform.gate.unlink(missing_ok=True)
    run = platform.start("train/gpu", commit=pausing, accelerator="gpu", allow_cpu=True)
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
