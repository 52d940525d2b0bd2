"""One platform for all tests of orchestration, over the project that the other tests of the pipeline use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from real_platform import RealPlatform, variables


@pytest.fixture(scope="session")
def platform(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPlatform]:
    """Start a platform over ``project``; afterwards nothing of it may be left."""
    made = RealPlatform(project, variables(tmp_path_factory.mktemp("platform")))
    started = made.make("up")
    try:
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
