"""``python -m dicom_router.services up|down|status``, run from the folder that holds prefect.yaml."""

import os
import sys
import time
from pathlib import Path

import click

from dicom_router.errors import PlatformError, RouterError
from dicom_router.services import platform

NOT_UP = 3  # exit code of `status`, as LSB has it for a program that does not run


def _root() -> Path:
    root = Path.cwd()
    if not (root / "prefect.yaml").is_file():
        raise PlatformError(f"{root} has no prefect.yaml; run from the project's folder")
    return root


def _tell(line: str) -> None:
    click.echo(line, err=True)


@click.group()
def group() -> None:
    """Start, stop and look at the local platform."""


@group.command()
def up() -> None:
    """Start servers and workers, and apply the deployments of prefect.yaml."""
    start = time.monotonic()
    current = platform.up(_root(), os.environ, _tell)
    click.echo(f"MLflow    {current.mlflow.shown}")
    click.echo(f"Prefect   {current.prefect.shown.removesuffix('/api')}")
    click.echo(f"up in {time.monotonic() - start:.0f} s; logs: {current.logs}")
    click.echo("next      prefect deployment run train/cpu --watch; make status; make down")


@group.command()
def down() -> None:
    """Stop everything, runs included."""
    platform.down(_root(), os.environ, _tell)
    click.echo("down")


@group.command()
def status() -> None:
    """Say what runs, where and how well; exit code 0 only if all of it does."""
    lines = platform.status(_root(), os.environ)
    if not lines:
        click.echo("not up; start it with `make up`")
        sys.exit(NOT_UP)
    for line in lines:
        click.echo(f"{line.name:<12} {'healthy' if line.healthy else 'NOT WELL':<9} {line.where:<28} {line.note}")
    sys.exit(0 if all(line.healthy for line in lines) else 1)


@group.command(hidden=True)
def guard() -> None:
    """Bring supervisord back when it was killed."""
    platform.guard(_root(), os.environ)


@group.command(hidden=True)
def mlflow() -> None:
    """Become MLflow's server."""
    platform.serve_mlflow(_root(), os.environ)


def main() -> None:
    """Run the command; a RouterError is one message on standard error and exit code 1."""
    try:
        group(prog_name="make")
    except RouterError as error:
        click.echo(f"platform: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
