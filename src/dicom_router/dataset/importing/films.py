"""Bring the films of a folder or an archive into a dataset, in one batch, any number of times with the same result.

Films are stored first and ``labels.csv`` is written at the end, in one step: an
import that was interrupted is completed by running it again, since a film's name
follows from its bytes.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.dataset.importing.labelling import Entry, Labelling
from dicom_router.dataset.importing.ledger import LEDGER, SCRATCH, Ledger, private_folder
from dicom_router.dataset.importing.origins import joined_origin, with_patient_domain, with_synthetic_films
from dicom_router.dataset.importing.recording import labels_before, record
from dicom_router.dataset.importing.refusals import RefusalList, unused_list
from dicom_router.dataset.importing.resuming import begin, end, fingerprint
from dicom_router.dataset.importing.sorting import Sorting
from dicom_router.dataset.importing.sources import Source
from dicom_router.dataset.importing.taking import IMAGES, Film, Intake, Refusal, take_entry
from dicom_router.dataset.naming import NAME, RULE
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dataset.table import LABELS, Cohort, Origin
from dicom_router.errors import DataError
from dicom_router.reasons import Reason
from dicom_router.walking import Found

TIMEOUT: Final = 300.0  # seconds for one file, most of them for a slow network
WINDOW: Final = 4  # films a worker that are under way: those of an archive are held in memory

Outcome = Film | Refusal
Progress = Callable[[Iterable[Outcome]], Iterable[Outcome]]


@dataclass(frozen=True)
class Request:
    """What to import, as whom, and where to; ``label_table`` may lie in the source and is no film.

    ``jobs`` is the number of processes, below 0 one a core; with 0 there is none, and nothing to catch a crash.
    """

    source: Path
    labelling: Labelling
    site: str
    cohort: Cohort
    data: Path
    label_table: Path | None = None
    refused: Path | None = None
    with_synthetic: bool = False
    allow_burned_in: bool = False
    dry_run: bool = False
    jobs: int = 0


@dataclass(frozen=True)
class Account:
    """What became of every file: ``seen`` is what was imported, already there, refused, and a table in the source."""

    seen: int
    imported: dict[str, int]
    already_there: int
    refused: dict[Reason, int]
    tables: int
    refusals: Path
    without_patient: int
    images: int


def import_films(request: Request, pseudonyms: Pseudonyms, progress: Progress) -> Account:
    """Import as ``request`` says; ``progress`` wraps the outcomes, of which nobody knows how many there will be.

    Raises:
        DataError: the request contradicts itself or the dataset, another import is under way, the disk refuses,
            or the source went away.
        MixedOrigin: real films would join a synthetic dataset.
        PseudonymKeyError: the dataset was made with another key.
    """
    _check(request, pseudonyms.patient_domain)
    joined_origin(request.data, pseudonyms, request.with_synthetic)  # before anything is written
    private = private_folder(request.data)
    try:
        with ExitStack() as stack:
            ledger = stack.enter_context(Ledger(private / LEDGER))
            ledger.hold()
            sorting = stack.enter_context(Sorting(private / SCRATCH))
            refusals = stack.enter_context(RefusalList(request.refused or unused_list(private)))
            sorting.know(labels_before(request.data))
            return _import(request, pseudonyms, progress, ledger, sorting, refusals)
    except (OSError, sqlite3.Error) as error:
        raise DataError(_cannot_write(request, error)) from None


def _import(
    request: Request,
    pseudonyms: Pseudonyms,
    progress: Progress,
    ledger: Ledger,
    sorting: Sorting,
    refusals: RefusalList,
) -> Account:
    """Take what is found, and keep it unless this is a dry run."""
    origin = joined_origin(request.data, pseudonyms, request.with_synthetic)
    origin = with_patient_domain(origin, request.site, pseudonyms.patient_domain, sorting.knows_site(request.site))
    source = Source(request.source, request.label_table)
    if request.dry_run:
        return _account(_sort(source, request, pseudonyms, progress, sorting, refusals), source, sorting, refusals)
    resumed = begin(ledger, request.data, fingerprint(request, pseudonyms), sorting.lists)
    seen = _sort(source, request, pseudonyms, progress, sorting, refusals)
    source.require_still_there()
    account = _account(seen, source, sorting, refusals)
    _keep(request, origin, sorting, ledger)
    end(ledger, request.data, resumed, sorting.lists)
    return account


def _account(seen: int, source: Source, sorting: Sorting, refusals: RefusalList) -> Account:
    """Return what became of every file, before the new ones are rows."""
    imported = sorting.imported()
    return Account(
        seen=seen + source.tables,
        imported=imported,
        already_there=sorting.already_there(),
        refused=dict(sorted(refusals.reasons.items(), key=lambda item: (-item[1], item[0]))),
        tables=source.tables,
        refusals=refusals.path,
        without_patient=sorting.without_patient(),
        images=sorting.images() + sum(imported.values()),
    )


def _keep(request: Request, origin: Origin, sorting: Sorting, ledger: Ledger) -> None:
    """Remove the films that nobody can believe, and record the others."""
    for path in sorting.contested_paths():
        (request.data / path).unlink(missing_ok=True)
    for source, image, patient, study in sorting.origins():
        ledger.add(source, image, patient, study)
    if sum(sorting.imported().values()):
        marked = with_synthetic_films(origin) if sorting.holds_synthetic() else origin
        sorting.admit(request.site, request.cohort)
        record(request.data, marked, sorting.rows(), ledger.save)


def _sort(
    source: Source,
    request: Request,
    pseudonyms: Pseudonyms,
    progress: Progress,
    sorting: Sorting,
    refusals: RefusalList,
) -> int:
    """Put every file that is found or named into ``sorting`` or ``refusals``; return how many there were."""
    seen = 0
    for outcome in progress(_outcomes(source, request, pseudonyms)):
        seen += 1
        for refusal in [outcome] if isinstance(outcome, Refusal) else sorting.add(outcome):
            refusals.add(refusal)
    for path, why in request.labelling.without_file():
        seen += 1
        refusals.add(Refusal(path, why.reason, why.detail))
    sorting.settle()
    for refusal in sorting.conflicts():
        refusals.add(refusal)
    return seen


def _check(request: Request, patient_domain: str) -> None:
    """Refuse names of a site or a domain that are none, and folders that lie in each other.

    Raises:
        DataError: as it says.
    """
    for option, name in (("--site", request.site), ("--patient-domain", patient_domain or request.site)):
        if NAME.fullmatch(name) is None:
            raise DataError(
                f"{option} {name!r}: {RULE}; it stands in the dataset, a site's in file names and reports too"
            )
    source, data = request.source.resolve(), request.data.resolve()
    if source == data or source in data.parents or data in source.parents:
        raise DataError(f"the source and the dataset {request.data} lie in each other; import from a folder outside")
    if data in private_folder(request.data).resolve().parents:
        raise DataError(f"--data {request.data}: name the folder of the dataset, as --data {data}")
    if request.refused is not None and data in request.refused.resolve().parents:
        raise DataError(f"--refused {request.refused}: the list holds original names and may not lie in the dataset")


def _outcomes(source: Source, request: Request, pseudonyms: Pseudonyms) -> Iterator[Outcome]:
    """Yield what becomes of each file, in the order they are found.

    Raises:
        OSError: the dataset cannot be written to.
    """
    under_way: deque[str] = deque()

    def items() -> Iterator[tuple[Found, Entry]]:
        for found in source:
            under_way.append(str(found.path))
            yield found, request.labelling.of(found.path)

    for outcome in _taken(partial(take_entry, intake=_intake(request, pseudonyms)), items(), request.jobs):
        path = under_way.popleft()
        yield Refusal(path, outcome.reason, outcome.detail) if isinstance(outcome, Lost) else outcome


def _intake(request: Request, pseudonyms: Pseudonyms) -> Intake:
    images = request.data / IMAGES
    sites = tuple(sorted(folder.name for folder in images.iterdir())) if images.is_dir() else ()
    return Intake(
        data=request.data,
        site=request.site,
        sites=sites,
        pseudonyms=pseudonyms,
        accept_synthetic=request.with_synthetic,
        allow_burned_in=request.allow_burned_in,
        dry_run=request.dry_run,
    )


def _taken(
    take: Callable[[tuple[Found, Entry]], Outcome], items: Iterator[tuple[Found, Entry]], jobs: int
) -> Iterator[Outcome | Lost]:
    """Apply ``take`` to each of ``items``, in ``jobs`` processes."""
    if not jobs:
        return map(take, items)
    return map_in_cells(take, items, workers=workers_for(jobs), timeout=TIMEOUT, window=WINDOW)


def _cannot_write(request: Request, error: OSError | sqlite3.Error) -> str:
    """Say that the disk refused, or that the ledger is damaged, and what to do."""
    private = private_folder(request.data)
    if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.OperationalError):
        return (
            f"{private / LEDGER} or the scratch file beside it cannot be used ({error}): move it away, and run the "
            "same import again to note anew"
        )
    why = error.strerror if isinstance(error, OSError) else error
    return (
        f"{request.data} or {private} cannot be written to: {why}. Nothing was added to {LABELS}; "
        "run the same import again once this is solved"
    )
