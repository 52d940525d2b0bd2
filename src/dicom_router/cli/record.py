"""``dicom-router record``: what a flow does after the pipeline, by hand."""

from pathlib import Path

import click

from dicom_router.extras import extra


@click.command("record")
def command() -> None:
    """Record what the pipeline made here in MLflow, register its model, and let the gate judge it.

    The flow `train` does this by itself. A run or a version that is there already is not made a second time; after an
    interruption, run it again.
    """
    with extra("train,platform"):
        from dicom_router.dataset.programs import other_changes
        from dicom_router.registry.by_hand import provenance_by_hand
        from dicom_router.registry.gate import judge
        from dicom_router.registry.recording import record
        from dicom_router.registry.registering import register
    project = Path()
    provenance = provenance_by_hand(project)
    others = other_changes(project) if provenance.dirty else 0
    if provenance.dirty:
        left = f"; {others:,} changed or new files that the pipeline does not read stay here" if others else ""
        click.echo(f"dirty     uncommitted changes are kept as a patch{left}")
    recorded = record(project, provenance)
    click.echo(f"run       {recorded.url}{' (was there)' if recorded.existed else ''}")
    registered = register(project, recorded)
    click.echo(f"version   {registered.version}{' (was there)' if registered.existed else ''}  {registered.url}")
    verdict = judge(project, registered)
    click.echo(f"gate      {'passed: it is challenger' if verdict.passed else 'FAILED'}")
    for line in verdict.lines:
        click.echo(f"          {line}")
    if verdict.passed:
        click.echo(f'next      read its description, then dicom-router promote {registered.version} --because "…"')
