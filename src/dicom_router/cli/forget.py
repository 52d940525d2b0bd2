"""``dicom-router forget``: a patient, or single films, taken out with every trace in this project."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from dicom_router.dataset.forgetting.caches import cache_folder, remotes, require_idle
from dicom_router.dataset.forgetting.journal import Journal, close_journal, read_journal, write_journal
from dicom_router.dataset.forgetting.records import without_films
from dicom_router.dataset.forgetting.remains import remains
from dicom_router.dataset.forgetting.steps import STEPS, Erasure
from dicom_router.dataset.forgetting.targets import Target, image_target, patient_target, pseudonyms_of
from dicom_router.dataset.forgetting.traces import count_sides, twins
from dicom_router.dataset.pseudonyms import KEY_VARIABLE
from dicom_router.dataset.sides import sides_of_last_run
from dicom_router.errors import DataError

NEXT: Final = 'next      dvc repro && git add data.dvc dvc.lock && git commit -m "Take films out"'


@click.command("forget")
@click.argument("patient", required=False)
@click.option(
    "--image", "images", multiple=True, metavar="NAME", help="A film instead, as labels.csv names it; repeat."
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed and what remains; remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--cloud", is_flag=True, help="Clean DVC's remotes too: only the present version stays there.")
def command(patient: str | None, images: tuple[str, ...], dry_run: bool, yes: bool, cloud: bool) -> None:
    """Take PATIENT out of the dataset and of everything that was made of it here.

    PATIENT is a pseudonym as in data/labels.csv, or an original PatientID; the latter needs the key of the
    pseudonyms in the environment. Rows, films, private records, artifacts, reports and work go, and so does every
    version in DVC's cache but the new one. What is out of reach is listed, with what to do about it.

    It cannot be undone. Interrupted, it is finished by running it again.
    """
    root = Path()
    if not (root / "dvc.yaml").is_file():
        raise DataError("there is no dvc.yaml here: run from the project's folder")
    journal = _journal(root, patient, images)
    erasure = Erasure(root, journal.target, cache_folder(root), remotes(root), cloud)
    whose = f", of patient {journal.patient}" if journal.patient else ""
    click.echo(f"films     {len(journal.paths):,}{whose}; understood {journal.understood}")
    _say("to remove" if not dry_run else "to remove (dry run: nothing is)", _found(erasure))
    if dry_run:
        _say("what remains", list(remains(erasure, journal)))
        return
    if not yes:
        click.confirm("Remove all this? It cannot be undone.", abort=True)
    _erase(erasure, journal)
    _say("what remains", list(remains(erasure, journal)))
    click.echo(NEXT)


def _journal(root: Path, patient: str | None, images: Sequence[str]) -> Journal:
    """Return what to do: what was interrupted, or what is asked for.

    Raises:
        DataError: nothing or two things are asked for, or another erasure has to be finished first.
    """
    if patient is not None and images:
        raise DataError("give either PATIENT or --image NAME")
    pending = read_journal(root)
    if pending is not None:
        _require_same(root, pending.target, patient, images)
        click.echo("an erasure was interrupted; this finishes it", err=True)
        return pending
    if patient is None and not images:
        raise DataError("say whom to forget: a PatientID or a pseudonym, or films with --image NAME")
    key = os.environ.get(KEY_VARIABLE, "")
    data = root / "data"
    target = image_target(data, images) if patient is None else patient_target(data, patient, key)
    sides = count_sides(sides_of_last_run(root), target.paths)
    return Journal(target.patient, target.paths, target.understood, sides, twins(root, target.paths))


def _require_same(root: Path, pending: Target, patient: str | None, images: Sequence[str]) -> None:
    """Refuse to start another erasure before the interrupted one is finished."""
    asked = set(images)
    same_images = bool(asked) and asked <= {*pending.paths, *pending.images, *(Path(p).name for p in pending.paths)}
    nothing = patient is None and not images
    if nothing or same_images or (patient is not None and pending.patient in _meant_by(root, patient)):
        return
    raise DataError("another erasure was interrupted: finish it with `dicom-router forget`, without a name, first")


def _meant_by(root: Path, patient: str) -> set[str]:
    """Return what ``patient`` may stand for: itself, and its pseudonyms where there is a key."""
    key = os.environ.get(KEY_VARIABLE, "")
    return {patient.strip(), *(pseudonyms_of(root / "data", patient, key) if key else ())} - {""}


def _found(erasure: Erasure) -> list[str]:
    return [f"{step.name:<9} {found}" for step in STEPS if (found := step.finds(erasure))]


def _erase(erasure: Erasure, journal: Journal) -> None:
    """Do every step; the journal is there from before the first until after the last."""
    require_idle(erasure.root)
    write_journal(erasure.root, journal)
    try:
        with without_films(erasure.root, erasure.target):
            for step in STEPS:
                step.act(erasure)
                click.echo(f"done      {step.name}")
    except DataError as error:
        raise DataError(f"{error}\nWhat was done is done; run the same command again to finish") from None
    close_journal(erasure.root)


def _say(title: str, lines: Sequence[str]) -> None:
    click.echo(f"\n{title}:")
    for line in lines:
        click.echo(f"  {line}")
