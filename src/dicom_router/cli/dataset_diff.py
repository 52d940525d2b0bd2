"""``dicom-router dataset diff``: what changed between two versions of the dataset."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from dicom_router.dataset.changes import changed_paths, compare
from dicom_router.dataset.versions import version_at, working_copy
from dicom_router.storage import write_json

RECORD: Final = Path("dataset_changes.json")  # what reports/index.html shows; counts only, made to be committed
IMAGES: Final = ("before", "added", "removed", "moved_in", "moved_out", "after")
PATIENTS: Final = ("before", "added", "removed", "after")


@click.command("diff")
@click.argument("rev")
@click.argument("rev2", required=False)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--paths", is_flag=True, help="List the images too.")
@click.option("--write", is_flag=True, help=f"Record the counts in {RECORD}, for the report.")
def command(rev: str, rev2: str | None, form: str, paths: bool, write: bool) -> None:
    """Say what changed in the dataset since the git revision REV: up to REV2, or to data/labels.csv as it is now.

    Images and patients added, removed and relabelled, by class and by site. An image is known by its file's
    name, a keyed hash of its content, a patient by the pseudonym. Only the two tables are read, no film; a table
    that is not in DVC's cache comes from the remote.
    """
    root = Path()
    before = version_at(root, rev)
    after = working_copy(root) if rev2 is None else version_at(root, rev2)
    document = compare(before, after)
    if write:
        write_json(RECORD, document)
    if paths:
        document["paths"] = changed_paths(before, after)
    click.echo(json.dumps(document, indent=2) if form == "json" else "\n".join(change_lines(document)))
    if write:
        click.echo(f"recorded in {RECORD}: commit it, and `dvc repro` shows it in reports/index.html", err=True)


def change_lines(document: dict[str, Any]) -> Iterator[str]:
    """Yield the account as lines of text."""
    images, patients = document["images"], document["patients"]
    yield f"from      {_version(document['before'])}"
    yield f"to        {_version(document['after'])}"
    counted = ", ".join(f"{images[name]:,} {name}" for name in ("added", "removed", "relabelled", "unchanged"))
    yield f"images    {counted}"
    yield f"patients  {patients['added']:,} added, {patients['removed']:,} removed"
    if not document["before"]["images"] or not document["after"]["images"]:
        yield "note: one of them lists no image"
    elif not images["relabelled"] + images["unchanged"]:
        yield "note: no image is in both: another dataset, or one imported with another pseudonym key"
    yield from _table("class", document["classes"])
    yield from _table("site", document["sites"])
    yield from _relabelled(document["relabelled"])
    yield from _others(document["other_columns"])
    yield from _paths(document.get("paths", {}))


def _version(of: dict[str, Any]) -> str:
    commit = f" ({of['commit'][:10]})" if of["commit"] else ""
    return f"{of['revision']}{commit}: {of['images']:,} images of {of['patients']:,} patients"


def _table(name: str, rows: dict[str, Any]) -> Iterator[str]:
    """Yield a row per class or site, images to the left and patients to the right."""
    width = max(len(name), *map(len, rows)) if rows else len(name)
    yield ""
    yield f"{'':{width}}  {'images':<{9 * len(IMAGES)}}   patients"
    yield f"{name:{width}}  {_cells([title.removeprefix('moved_') for title in IMAGES])}   {_cells(PATIENTS)}"
    for row, of in rows.items():
        counts = [_cells([f"{of[kind][title]:,}" for title in titles]) for kind, titles in _KINDS]
        yield f"{row:{width}}  {'   '.join(counts)}"


_KINDS: Final = (("images", IMAGES), ("patients", PATIENTS))


def _cells(values: Sequence[str]) -> str:
    return "".join(f"{value:>9}" for value in values)


def _relabelled(changes: Sequence[dict[str, Any]]) -> Iterator[str]:
    if changes:
        yield ""
        yield "relabelled"
        yield from (f"{each['images']:>9,}  {each['from']} -> {each['to']}" for each in changes)


def _others(columns: dict[str, int]) -> Iterator[str]:
    changed = [f"{name} of {n:,}" for name, n in columns.items() if n]
    if changed:
        yield ""
        yield f"also changed, of images in both: {', '.join(changed)}"


def _paths(paths: dict[str, Any]) -> Iterator[str]:
    marks = [("+", path) for path in paths.get("added", ())] + [("-", path) for path in paths.get("removed", ())]
    changed = [(f"~ {each['path']}", f"{each['from']} -> {each['to']}") for each in paths.get("relabelled", ())]
    lines = [f"{mark} {path}" for mark, path in marks] + [f"{path}  {what}" for path, what in changed]
    yield from ([""] * bool(lines) + lines)
