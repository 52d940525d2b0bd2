"""The commands of docs/registry.md, over a project that has run: one version is made again from its films."""

import shutil
from pathlib import Path

import pytest
from documents import REGISTERING, Ran, own_commands, run_here, runnable
from mlflow_server import serving
from small_project import SAMPLE

from dicom_router.registry.server import ADDRESS


@pytest.fixture(scope="module")
def ran(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("registry")
    copy = Path(shutil.copytree(project, folder / "project", symlinks=True))
    shutil.rmtree(copy / ".git")
    lines = [runnable(line) for line in own_commands(REGISTERING)]
    lines = [line.replace(runnable("dicom-router sample"), SAMPLE) for line in lines]
    with serving(folder) as server:
        variables = {ADDRESS: server.address, "XDG_CACHE_HOME": str(folder / "cache")}
        return run_here(copy, ["git init --quiet", *lines], **variables)


def test_the_commands_run(ran: Ran) -> None:
    assert ran.code == 0, f"{ran.script}\n{ran.printed}"


def test_what_was_made_again_is_equal(ran: Ran) -> None:
    assert "reproduced: every file of the model, every output and every figure of version 1 is equal" in ran.printed


def test_so_few_films_pass_no_gate_and_that_is_said(ran: Ran) -> None:
    assert "gate      FAILED" in ran.printed
    assert "WARNING   Champion 1 did not pass its gate" in ran.printed
