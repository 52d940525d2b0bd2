"""Bring the films of a folder into a dataset, in one batch, any number of times with the same result.

Films are stored first and ``labels.csv`` is written at the end, in one step: an
import that was interrupted is completed by running it again, since a film's name
follows from its bytes.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from dicom_router.dataset.importing.labelling import Labelling
from dicom_router.dataset.importing.origins import joined_origin, with_patient_domain, with_synthetic_films
from dicom_router.dataset.importing.recording import label_of_image, labels_before, next_batch, record, rows_of
from dicom_router.dataset.importing.refusals import RefusalList, unused_list
from dicom_router.dataset.importing.sorting import Sorting, conflicts
from dicom_router.dataset.importing.taking import IMAGES, Film, Intake, Refusal, take
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dataset.table import Cohort
from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.reasons import Reason
from dicom_router.walking import Found, walk

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
CHUNK: Final = 8  # files a worker takes at once
WORTH_WORKERS: Final = 64  # fewer files are done before a worker has started

Outcome = Film | Refusal
Progress = Callable[[Iterable[Outcome], int], Iterable[Outcome]]


@dataclass(frozen=True)
class Request:
    """What to import, as whom, and where to; ``label_table`` may lie in the source and is no film."""

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
    jobs: int = 1


@dataclass(frozen=True)
class Account:
    """What became of every file: ``seen`` is what was imported, already there and refused."""

    seen: int
    imported: dict[str, int]
    already_there: int
    refused: dict[Reason, int]
    refusals: Path
    without_patient: int
    images: int


def import_films(request: Request, pseudonyms: Pseudonyms, progress: Progress) -> Account:
    """Import as ``request`` says; ``progress`` wraps the outcomes and is told how many there will be.

    Raises:
        DataError: the request contradicts itself or the dataset, or the disk refuses.
        MixedOrigin: real films would join a synthetic dataset.
        PseudonymKeyError: the dataset was made with another key.
    """
    _check(request, pseudonyms.patient_domain)
    origin = joined_origin(request.data, pseudonyms, request.with_synthetic)
    before = labels_before(request.data)
    known = request.site in set(before["site"])
    origin = with_patient_domain(origin, request.site, pseudonyms.patient_domain, known)
    batch = next_batch(before)
    sorting = Sorting(label_of_image(before))
    with RefusalList(request.refused or unused_list(Path("work/import"))) as refusals:
        seen = _sort(request, pseudonyms, progress, sorting, refusals)
    films = sorting.new()
    if not request.dry_run:
        _remove(request.data, sorting.contested())
        if films:
            marked = with_synthetic_films(origin) if any(film.synthetic for film in films) else origin
            record(request.data, marked, before, rows_of(films, request.site, request.cohort, batch))
    imported = Counter(film.label for film in films)
    return Account(
        seen=seen,
        imported={name: imported[name] for name in CLASSES},
        already_there=sorting.already_there(),
        refused=dict(refusals.reasons.most_common()),
        refusals=refusals.path,
        without_patient=sum(not film.patient_id for film in films),
        images=len(before) + len(films),
    )


def _sort(request: Request, pseudonyms: Pseudonyms, progress: Progress, sorting: Sorting, refusals: RefusalList) -> int:
    """Put every file that is found or named into ``sorting`` or ``refusals``; return how many there were."""
    total = sum(1 for _ in _found(request))
    seen = 0
    for outcome in progress(_outcomes(request, pseudonyms, total), total):
        seen += 1
        for refusal in [outcome] if isinstance(outcome, Refusal) else sorting.add(outcome):
            refusals.add(refusal)
    for path, why in request.labelling.without_file():
        seen += 1
        refusals.add(Refusal(path, why.reason, why.detail))
    for refusal in conflicts(sorting.contested()):
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
                f"{option} {name!r}: a name has at most 32 lower-case letters, digits, - and _, and starts with a "
                "letter or digit; it stands in the dataset, a site's in file names and reports too"
            )
    source, data = request.source.resolve(), request.data.resolve()
    if source == data or source in data.parents or data in source.parents:
        raise DataError(f"the source and the dataset {request.data} lie in each other; import from a folder outside")
    if request.refused is not None and data in request.refused.resolve().parents:
        raise DataError(f"--refused {request.refused}: the list holds original names and may not lie in the dataset")


def _found(request: Request) -> Iterator[Found]:
    """Walk the source, without the label table."""
    table = request.label_table
    return (found for found in walk(request.source) if table is None or found.path != table)


def _outcomes(request: Request, pseudonyms: Pseudonyms, total: int) -> Iterator[Outcome]:
    """Yield what becomes of each file, in the order of the walk.

    Raises:
        DataError: the dataset cannot be written to, or a worker was ended from outside.
    """
    images = request.data / IMAGES
    sites = tuple(sorted(folder.name for folder in images.iterdir())) if images.is_dir() else ()
    intake = Intake(
        data=request.data,
        site=request.site,
        sites=sites,
        pseudonyms=pseudonyms,
        accept_synthetic=request.with_synthetic,
        allow_burned_in=request.allow_burned_in,
        dry_run=request.dry_run,
    )
    tasks = (delayed(take)(found, request.labelling.of(found.path), intake) for found in _found(request))
    workers = min(effective_n_jobs(request.jobs), max(1, total // WORTH_WORKERS))
    try:
        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            yield from Parallel(return_as="generator", batch_size=CHUNK)(tasks)
    except TerminatedWorkerError:
        raise DataError("a worker process was ended, most likely for want of memory; use --jobs 1") from None
    except OSError as error:
        raise DataError(
            f"{request.data} cannot be written to: {error.strerror}. Nothing was added to labels.csv; "
            "run the same import again once this is solved"
        ) from None


def _remove(data: Path, films: Iterable[Film]) -> None:
    """Delete what was stored of films that were withdrawn."""
    for film in films:
        (data / film.path).unlink(missing_ok=True)
