"""Films to labels in processes that may die: what ``Classifier.classify`` does, and a crash or a hang costs one film.

    for result in classify_in_cells(Loading(Path("artifacts/model")), find(paths), workers=2):
        ...

Each process loads the model for itself; this one needs neither NumPy nor ONNX Runtime and starts at once.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.errors import ModelError
from dicom_router.model.answers import Facts, Result, unanswered
from dicom_router.model.device import Device
from dicom_router.walking import Found, Source

if TYPE_CHECKING:
    from dicom_router.model.inference import Classifier

TIMEOUT: Final = 60.0  # seconds that one film may take; a large one takes 0.2


@dataclass(frozen=True)
class Loading:
    """How a process loads the model that lies in the folder ``model``; the rest is as for ``Classifier.load``."""

    model: Path
    allow_synthetic: bool = False
    threads: int = 1
    device: Device = "auto"


def classify_in_cells(
    loading: Loading,
    sources: Iterable[Source],
    *,
    workers: int = 1,
    timeout: float = TIMEOUT,
    facts: Facts | None = None,
) -> Generator[Result, None, None]:
    """Yield one result for each of ``sources``, in their order, from ``workers`` processes.

    Memory does not grow with the number of sources. A film whose decoder dies or takes longer than ``timeout`` seconds
    has the reason ``decoder_crashed`` or ``decoder_timeout``; one that a process was at when somebody else ended that
    process is classified again.

    Args:
        loading: the model.
        sources: as for ``Classifier.classify``.
        workers: processes; below 1, one for each core.
        timeout: seconds that one film may take.
        facts: those of the model, where they have been read.

    Raises:
        ModelError: as for ``Classifier``, or the model in the folder became another one.
        RuntimeError, TimeoutError: a process cannot be started, or does not get ready.
    """
    facts, under_way = facts or Facts.read(loading.model), deque[Path]()
    outcomes = map_in_cells(
        partial(_classify, loading),
        _noted(sources, under_way),
        workers=workers_for(workers),
        timeout=timeout,
        prepare=partial(_classifier, loading),  # so that no film's seconds go into it
    )
    try:
        for outcome in outcomes:
            path = under_way.popleft()
            if isinstance(outcome, Lost):
                yield unanswered(path, outcome.reason, outcome.detail, facts)
            else:
                yield _of(facts, outcome)
    finally:
        outcomes.close()


def _noted(sources: Iterable[Source], under_way: deque[Path]) -> Iterator[Found]:
    """Yield the sources as found, and note the path of each."""
    for source in sources:
        found = Found.of(source)
        under_way.append(found.path)
        yield found


def _of(facts: Facts, result: Result) -> Result:
    """Return the result, of the model that was asked.

    Raises:
        ModelError: it is of another.
    """
    if result.model != facts.version:
        raise ModelError(f"the model became version {result.model} while films were classified by {facts.version}")
    return result


def _classify(loading: Loading, source: Found) -> Result:
    """Classify one film in this process, a cell."""
    return next(_classifier(loading).classify([source]))


@lru_cache(maxsize=1)
def _classifier(loading: Loading) -> "Classifier":
    """Load the model, once a process."""
    from dicom_router.model.inference import Classifier  # what takes longest to import, where it is needed

    return Classifier.load(**asdict(loading))
