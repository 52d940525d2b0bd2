"""What an erasure here cannot reach, and what a person has to do about it."""

from collections.abc import Iterator

from dicom_router.dataset.forgetting import caches
from dicom_router.dataset.forgetting.journal import Journal
from dicom_router.dataset.forgetting.steps import Erasure


def remains(erasure: Erasure, journal: Journal) -> Iterator[str]:
    """Yield a sentence for each place where something of the films remains or may remain."""
    yield _models(journal)
    if caches.is_shared(erasure.root, erasure.cache):
        yield (
            f"DVC's cache {erasure.cache} lies outside the project and may serve others, so it stays and holds "
            "the films. Clean it with `dvc gc --workspace --force --projects FOLDERS OF ALL PROJECTS THAT USE IT`"
        )
    if erasure.remotes and not erasure.cloud:
        yield (
            f"The remote {' and '.join(erasure.remotes)} still holds every version that was pushed. `--cloud` removes "
            "all but the new one there; agree on it with whoever pulls from it"
        )
    yield from _twins(journal)
    yield (
        "MLflow and Prefect, here in .platform/: reports of earlier runs show misread films. Delete those runs in "
        "MLflow, then `mlflow gc` (docs/registry.md)"
    )
    yield "Datasets in other folders of this project (`dicom-router import --data`): only data/ was looked at"
    yield (
        "The prediction log and inbox/: what a site delivered is no part of the dataset. Take the films out of the "
        "inbox, then the patient out of the log: `dicom-router predictions forget` with the pseudonym"
    )
    yield "Other clones, working copies and backups of this folder, and the export that the films came from"
    yield (
        "Git's history: hashes and counts, no film, no pseudonym. Earlier commits name versions of the dataset that "
        "can no longer be checked out"
    )
    yield "The import knows nobody it must not bring: take the films out of the export before it is imported again"


def _models(journal: Journal) -> str:
    if not journal.sides:
        return "Models: no run of this project had used the films when they were taken out"
    used = ", ".join(f"{n:,} in {side}" for side, n in journal.sides.items())
    return (
        f"Models and figures: the last run had {used}. Every copy of a model or report that left artifacts/ and "
        "reports/ still carries what it learned or showed of them: retire it once the new model is there"
    )


def _twins(journal: Journal) -> Iterator[str]:
    if journal.twins:
        yield (
            f"{len(journal.twins):,} films in data/ show the same, or nearly, under another patient or none, and stay: "
            f"{', '.join(journal.twins[:10])}. If they show the same person: `dicom-router forget --image NAME`"
        )
