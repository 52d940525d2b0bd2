"""Read every image once, in cells: facts about it, or the reason why it is none.

Nothing here needs pandas, so that the processes stay small.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.dataset.near_duplicates.appearance import appearance
from dicom_router.dicom.reading import Header, is_constant, read
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

IMAGES: Final = "images"  # the folder of data/ that holds them

BLACK: Final = 0.01  # a pixel below is black, one above 1 - BLACK is white
SAMPLED_PIXELS: Final = 1 << 18  # of an image, for its percentiles


@dataclass(frozen=True)
class Statistics:
    """What the valid pixels of an image hold, on the film's scale from 0 (black) to 1 (white)."""

    mean: float
    std: float
    black_fraction: float
    white_fraction: float
    contrast: float  # 95th minus 5th percentile


@dataclass(frozen=True)
class Scanned:
    """The facts of a readable image; ``pixel_sha256`` is that of its shape and its pixels at 16 bits."""

    sha256: str
    pixel_sha256: str
    header: Header
    statistics: Statistics
    appearance: bytes  # what near-duplicates are found by


@dataclass(frozen=True)
class Refused:
    """Why a row of labels.csv is no image."""

    reason: Reason
    detail: str


Outcome = Scanned | Refused
ScanOne = Callable[[Path, str], Outcome]


def scan_file(data: Path, path: str) -> Outcome:
    """Read the image at ``path`` (POSIX, relative to ``data``)."""
    if _leads_outside(path):
        return Refused(Reason.OUTSIDE_SOURCE, f"the path must be relative, below {IMAGES}/, without ..")
    file = data / path
    try:
        if not file.is_file():
            return Refused(Reason.MISSING_FILE, "a folder has this name" if file.is_dir() else "no file has this name")
        content = _sha256(file)
        film = read(file)
    except UnreadableImage as error:
        return Refused(error.reason, error.detail)
    except OSError as error:
        return Refused(Reason.UNREADABLE, error.strerror or Reason.UNREADABLE.meaning)
    if is_constant(film):
        return Refused(Reason.CONSTANT_IMAGE, Reason.CONSTANT_IMAGE.meaning)
    return Scanned(content, _pixel_sha256(film.pixels), film.header, statistics(film.seen), appearance(film.pixels))


def scan(
    data: Path, paths: Sequence[str], jobs: int, timeout: float, scan_one: ScanOne = scan_file
) -> Iterator[Outcome]:
    """Yield the outcome of each of ``paths`` (POSIX, relative to ``data``), in their order, with ``jobs`` processes.

    A file whose decoder dies, or takes longer than ``timeout`` seconds, is refused for that.
    """
    scan_there = partial(scan_one, data.absolute())  # a process may stand in another folder
    for outcome in map_in_cells(scan_there, paths, workers=workers_for(jobs), timeout=timeout):
        yield Refused(outcome.reason, outcome.detail) if isinstance(outcome, Lost) else outcome


def _leads_outside(path: str) -> bool:
    """Say whether ``path`` is anything but a plain path below the images' folder."""
    pure = PurePosixPath(path)
    return "\0" in path or ".." in pure.parts or pure.parts[:1] != (IMAGES,) or len(pure.parts) < 2


def _sha256(file: Path) -> str:
    """Hash the bytes of ``file`` without holding them."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _pixel_sha256(pixels: NDArray[np.float32]) -> str:
    """Hash shape and pixels at 16 bits, so that one film in two encodings is one film."""
    digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode())
    digest.update(np.rint(pixels * np.float32(65535)).astype("<u2").data)
    return digest.hexdigest()


def statistics(pixels: NDArray[np.float32]) -> Statistics:
    """Describe ``pixels``, `(N,)` float32 in [0, 1], N > 0; percentiles are those of an evenly spaced sample."""
    low, high = np.percentile(pixels[:: max(1, pixels.size // SAMPLED_PIXELS)], [5, 95])
    return Statistics(
        mean=float(pixels.mean(dtype=np.float64)),
        std=float(pixels.std(dtype=np.float64)),
        black_fraction=float(np.count_nonzero(pixels < BLACK) / pixels.size),
        white_fraction=float(np.count_nonzero(pixels > 1 - BLACK) / pixels.size),
        contrast=float(high - low),
    )


def unlisted_files(data: Path, paths: Sequence[str]) -> list[str]:
    """Return the files below the images' folder that ``paths`` do not name, sorted; odd bytes are escaped."""
    listed = set(paths)
    found = (file.relative_to(data).as_posix() for file in (data / IMAGES).rglob("*") if not file.is_dir())
    return sorted(name.encode("utf-8", "backslashreplace").decode() for name in found if name not in listed)
