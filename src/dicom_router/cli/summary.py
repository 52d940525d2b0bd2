"""``dicom-router summary``: what the last pipeline run made, and where to look."""

from pathlib import Path
from typing import Any

import click

from dicom_router.evaluation.reading import read_json
from dicom_router.figures import in_words


@click.command("summary")
def command() -> None:
    """Print images in, accepted and quarantined, the figures with intervals, and where the report is."""
    validation = read_json(Path("artifacts/validation.json"))
    test = read_json(Path("reports/test.json"))
    external = read_json(Path("reports/external.json"))
    for line in summary_lines(validation, test, external):
        click.echo(line)
    click.echo(f"report    {Path('reports/index.html').resolve()}")
    click.echo(f"model     {Path('artifacts/model').resolve()}")
    click.echo("next      dicom-router classify FILES; dvc metrics show; dvc plots show")


def summary_lines(validation: dict[str, Any], test: dict[str, Any], external: dict[str, Any]) -> list[str]:
    """Return the account as lines of text, from the three JSON documents of the pipeline."""
    reasons = ", ".join(f"{n} {reason}" for reason, n in validation["reasons"].items())
    lines = ["SYNTHETIC data: these figures say nothing about real films."] if validation["synthetic"] else []
    lines.append(
        f"images    {validation['images']:,} in = {validation['accepted']:,} accepted"
        f" + {validation['quarantined']:,} quarantined{f' ({reasons})' if reasons else ''}"
    )
    for name, document in (("test", test), ("external", external)):
        figures = "   ".join(f"{key} {in_words(document['macro'][key])}" for key in ("recall", "precision", "f1"))
        lines.append(f"{name:<9} {document['n']:,} images   macro {figures}")
        lines += [f"{'':<9} {remark}" for remark in document["remarks"] if "left out" in remark]
        lines.append(f"{'':<9} {routed(document['routing'])}")
    lines.append(f"{'':<9} {test['routing']['guarantee']['statement']}")
    return lines


def routed(routing: dict[str, Any]) -> str:
    """Return what routing came to, in a few words."""
    return (
        f"routed {in_words(routing['share_routed'])}, the rest to review;"
        f" error among routed {in_words(routing['error_among_routed'])}"
    )
