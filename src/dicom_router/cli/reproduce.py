"""``dicom-router reproduce``: make a version again, and compare."""

import shutil
import tempfile
from pathlib import Path

import click

from dicom_router.errors import NotReproduced
from dicom_router.extras import extra


@click.command("reproduce")
@click.argument("version")
@click.option("--into", type=click.Path(path_type=Path), help="An empty folder, that stays; else a temporary one.")
def command(version: str, into: Path | None) -> None:
    """Make VERSION again from its commit, data and parameters, and compare weights and figures with the registered.

    It takes as long as the first time: nothing comes from a cache but the films. Run it in the project's repository;
    nothing there changes. The same machine and versions give the same bytes; others may not.

    Exit code: 0 everything is equal; 1 something is not, or it cannot be made again.
    """
    with extra("train,platform"):
        from dicom_router.registry.reproducing import differences, other_versions, prepare, recompute
    scratch = into or Path(tempfile.mkdtemp(prefix="reproduce-"))
    try:
        lineage = prepare(Path(), version, scratch)
        click.echo(f"making version {lineage.version} again: commit {lineage.commit[:10]}, data {lineage.data}")
        recompute(scratch)
        found, others = differences(lineage, scratch), other_versions(lineage)
    finally:
        if into is None:
            shutil.rmtree(scratch, ignore_errors=True)
    if found:
        explained = "\n".join(f"  {line}" for line in [*found, *(f"(other: {one})" for one in others)])
        raise NotReproduced(f"version {lineage.version} was not reproduced:\n{explained}")
    click.echo(
        f"reproduced: every file of the model, every output and every figure of version {lineage.version} is equal"
    )
