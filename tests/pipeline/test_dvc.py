"""DVC as people use it."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_project import Run, environment, runner, set_params, start_project

Changes = dict[str, dict[str, Any]]


def stages_run(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def test_a_second_repro_runs_nothing(run: Run) -> None:
    assert "Data and pipelines are up to date" in run("dvc", "repro").stdout


def test_touching_something_irrelevant_runs_nothing(run: Run, project: Path) -> None:
    (project / "README.md").write_text("changed")
    (project / "src/dicom_router/cli/summary.py").touch()
    with (project / "src/dicom_router/cli/__init__.py").open("a") as file:
        file.write("# changed\n")
    assert stages_run(run("dvc", "repro").stdout) == []


@pytest.mark.parametrize(
    "command",
    [
        ("dag",),
        ("status",),
        ("metrics", "show"),
        ("metrics", "diff"),
        ("params", "diff"),
        ("plots", "show", "--out", "work/plots"),
        ("plots", "diff", "--out", "work/plots"),
        ("exp", "show"),
    ],
    ids=" ".join,
)
def test_the_commands_people_use_work(run: Run, command: tuple[str, ...]) -> None:
    run("dvc", *command)


def test_an_experiment_runs_exactly_what_depends_on_its_parameters(run: Run) -> None:
    """Two that are far apart in one run: stages between them, whose inputs come out the same, are left alone."""
    changes = ("--set-param", "labelling.adult_from_years=17", "--set-param", "evaluate.seed=7")
    done = run("dvc", "exp", "run", *changes, "--name", "other-seed")
    assert stages_run(done.stdout) == ["validate", "evaluate", "external", "robustness", "package"]
    assert "other-seed" in run("dvc", "exp", "show", "--csv").stdout
    assert "macro_f1" in run("dvc", "metrics", "diff", "--all").stdout
    assert "evaluate.seed" in run("dvc", "params", "diff").stdout
    run("git", "checkout", "--quiet", "--", ".")
    run("dvc", "checkout", "--quiet")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"train": {"network": "test_efficientnet"}}, {"train"}),
        ({"evaluate": {"seed": 7}}, {"evaluate", "external", "robustness"}),
        ({"labelling": {"adult_from_years": 17}}, {"validate", "package"}),
    ],
    ids=["train.network", "evaluate.seed", "labelling.adult_from_years"],
)
def test_a_parameter_changes_exactly_the_stages_that_read_it(
    run: Run, project: Path, changes: Changes, expected: set[str]
) -> None:
    set_params(project, changes)
    try:
        changed = json.loads(run("dvc", "status", "--json").stdout)
    finally:
        run("git", "checkout", "--quiet", "--", "params.yaml")
    assert set(changed) == expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": {"sed": 1}}, "unknown parameter split.sed; accepted here: seed"),
        ({"split": {"seed": "x"}}, "split.seed is 'x'"),
    ],
)
def test_a_wrong_parameter_stops_and_is_named(run: Run, project: Path, changes: Changes, said: str) -> None:
    set_params(project, changes)
    try:
        stopped = run("dvc", "repro", fails=True)
    finally:
        run("git", "checkout", "--quiet", "--", "params.yaml", "dvc.lock")
        run("dvc", "checkout", "--quiet")
    assert said in stopped.stdout + stopped.stderr
    assert "Traceback" not in stopped.stderr


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Serve S3 on loopback; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binary = Path(sys.executable).parent / "moto_server"
    server = subprocess.Popen([binary, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def clone(project: Path, folder: Path) -> Run:
    """Clone ``project`` as a colleague would: Git's files, none of DVC's."""
    subprocess.run(["git", "clone", "--quiet", project, folder], check=True, env=environment())
    return runner(folder)


def remote_round_trip(run: Run, project: Path, folder: Path, url: str, **variables: str) -> None:
    """Push to ``url``, pull into a clone, and check that the clone has nothing left to run."""
    options = [("endpointurl", variables["endpoint"])] if "endpoint" in variables else []
    credentials = {k: v for k, v in variables.items() if k != "endpoint"}
    colleague = clone(project, folder)
    for one in (run, colleague):
        one("dvc", "remote", "add", "--local", "--force", "--default", "store", url)
        for key, value in options:
            one("dvc", "remote", "modify", "--local", "store", key, value)
    run("dvc", "push", **credentials)
    colleague("dvc", "pull", **credentials)
    assert (folder / "data/labels.csv").read_bytes() == (project / "data/labels.csv").read_bytes()
    assert "up to date" in colleague("dvc", "repro").stdout


def test_a_colleague_pulls_from_a_folder_and_has_nothing_to_run(run: Run, project: Path, tmp_path: Path) -> None:
    remote_round_trip(run, project, tmp_path / "clone", str(tmp_path / "remote"))


def test_a_colleague_pulls_from_s3_and_has_nothing_to_run(run: Run, project: Path, tmp_path: Path, s3: str) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    create = f"import boto3; boto3.client('s3', endpoint_url='{s3}').create_bucket(Bucket='films')"
    run(sys.executable, "-c", create, **credentials)
    remote_round_trip(run, project, tmp_path / "clone", "s3://films/dvc", endpoint=s3, **credentials)


def test_a_critical_expectation_stops_the_pipeline_and_names_the_rows(tmp_path: Path) -> None:
    run = start_project(tmp_path, images=40)
    table = tmp_path / "data/labels.csv"
    shutil.copy(table, tmp_path / "labels.bak")
    lines = table.read_text().splitlines(keepends=True)
    table.unlink()
    table.write_text(lines[0] + "".join(line.replace("internal", "interim") for line in lines[1:]))
    stopped = run("dvc", "repro", fails=True)
    said = stopped.stdout + stopped.stderr
    assert "cohort" in said
    assert "images/" in said
    assert "Traceback" not in said
