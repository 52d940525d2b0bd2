"""PostgreSQL and S3 in place of SQLite and folders, with passwords, set as docs/production.md says."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from conftest import ROOT
from postgresql_server import postgresql
from real_platform import RealPlatform, free_ports, variables, wait
from small_project import Run, environment, runner


@pytest.fixture
def databases() -> Iterator[int]:
    """Serve two empty databases; yield the port."""
    with postgresql("prefect", "mlflow") as port:
        yield port


@pytest.fixture
def s3() -> Iterator[str]:
    """Serve two empty buckets; yield the address."""
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    command = (Path(sys.executable).parent / "moto_server", "-p", str(port))
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="router", aws_secret_access_key="SECRET", region_name="eu-central-1"
    )
    try:
        for bucket in ("films", "models"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield url
    finally:
        server.terminate()
        server.wait()


def documented(databases: int, s3: str) -> dict[str, str]:
    """Return the settings of the document, for the servers of the test."""
    text = (ROOT / "docs/production.md").read_text(encoding="utf-8")
    block = re.findall(r"^```ini\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0]
    block = block.replace("db.example:5432", f"127.0.0.1:{databases}").replace("https://s3.example", s3)
    return dict(line.split("=", 1) for line in block.splitlines() if not line.startswith("#"))


@pytest.fixture
def clone(project: Path, tmp_path: Path) -> Run:
    """Return the runner of a colleague's clone that shares the project's DVC cache."""
    subprocess.run(["git", "clone", "--quiet", project, tmp_path / "clone"], check=True, env=environment())
    run = runner(tmp_path / "clone")
    run("dvc", "cache", "dir", "--local", str(project / ".dvc/cache"))
    run("dvc", "checkout", "--quiet")
    return run


@pytest.mark.long
def test_a_run_is_recorded_in_postgresql_and_its_model_and_results_go_to_s3(
    clone: Run, tmp_path: Path, databases: int, s3: str
) -> None:
    settings = documented(databases, s3)
    clone("dvc", "remote", "add", "--local", "--default", "store", "s3://films/dvc")
    clone("dvc", "remote", "modify", "--local", "store", "endpointurl", s3)
    made = RealPlatform(tmp_path / "clone", {**variables(tmp_path), **settings})
    try:
        started = made.make("up")
        assert started.returncode == 0, started.stderr
        done = made.run("prefect", "deployment", "run", "train/cpu", "--watch")
        assert "finished successfully" in done.stdout
    finally:
        made.make("down")
    keys = {"aws_access_key_id": "router", "aws_secret_access_key": "SECRET"}
    client = boto3.client("s3", endpoint_url=s3, region_name="eu-central-1", **keys)
    held = {name: client.list_objects_v2(Bucket=name)["KeyCount"] for name in ("films", "models")}
    assert min(held.values()) > 10, held
    wait(lambda: made.processes() == [], 10, "processes are left")
    assert not list((tmp_path / "clone/.platform").rglob("*.db"))
