"""Damaged films, read in cells: each must end as an array or a reason, in 5 seconds and 1 GiB.

The seconds are of processor time, since the wall clock's depend on what else the machine does; a decoder that waits
for something that never comes is found by the cell.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile
from typing import Final

import numpy as np
from fuzz.mutations import mutate
from fuzz.seeds import seeds

from dicom_router.cells import Lost, map_in_cells
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess
from dicom_router.dicom.reading import Film, read, read_header
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

SECONDS: Final = 5.0
TIMEOUT: Final = 120.0  # of the wall clock
BYTES: Final = 1 << 30
MEMORY: Final = BYTES - (150 << 20)  # without what the interpreter and the libraries take
FATAL: Final = (Reason.DECODER_CRASHED, Reason.DECODER_TIMEOUT)
ARRAY: Final = "array"
SOUND: Final = frozenset({ARRAY, *Reason}.difference(FATAL))
SPEC: Final = PreprocessingSpec(64, "letterbox")


@dataclass(frozen=True)
class Verdict:
    """How the reading of a damaged film ended; ``outcome`` is a reason code, ``array``, or what must not be."""

    number: int
    outcome: str
    detail: str = ""
    seconds: float = 0.0
    peak: int = 0  # bytes of resident memory, the process's own included

    @property
    def is_sound(self) -> bool:
        """Tell whether the film ended as one may."""
        return self.outcome in SOUND and self.seconds <= SECONDS and self.peak <= BYTES


@dataclass(frozen=True)
class Case:
    """A damaged film: the same number gives the same bytes."""

    number: int
    real: tuple[Path, ...] = ()

    def damaged(self) -> bytes:
        """Return the bytes."""
        random, films = Random(self.number), _films(self.real)
        return mutate(random, films[random.choice(sorted(films))])


@cache
def _films(real: tuple[Path, ...]) -> dict[str, bytes]:
    return seeds(real)


def fuzz(cases: Iterable[Case], workers: int) -> Iterator[Verdict]:
    """Read every case; what a cell lost is a verdict as well."""
    listed = list(cases)
    outcomes = map_in_cells(judge, listed, workers=workers, timeout=TIMEOUT, memory=MEMORY)
    for case, outcome in zip(listed, outcomes, strict=True):
        yield Verdict(case.number, outcome.reason, outcome.detail) if isinstance(outcome, Lost) else outcome


def judge(case: Case) -> Verdict:
    """Read a damaged film as validate and preprocess do."""
    data = case.damaged()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here (proc(5))
    start = time.process_time()
    with NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        file.write(data)
        file.flush()
        outcome, detail = _read(Path(file.name))
    return Verdict(case.number, outcome, detail, time.process_time() - start, _peak())


def _read(path: Path) -> tuple[str, str]:
    try:
        with suppress(UnreadableImage):
            read_header(path)
        film = read(path)
        preprocess(film, SPEC)
    except UnreadableImage as error:
        return str(error.reason), error.detail
    return (ARRAY, "") if _is_film(film) else ("no film", f"{film.pixels.dtype} {film.pixels.shape}")


def _is_film(film: Film) -> bool:
    """Tell whether ``film`` keeps what `Film` promises."""
    pixels, valid = film.pixels, film.valid
    fits = valid is None or (valid.shape == pixels.shape and not pixels[~valid].any())
    return (
        pixels.dtype == np.float32 and pixels.ndim == 2 and fits and bool((pixels >= 0).all() and (pixels <= 1).all())
    )


def _peak() -> int:
    """Return the high-water mark of resident memory, 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)
