"""What lies in an archive, and that nothing an archive holds stops who reads it."""

from collections.abc import Iterator
from errno import EINVAL
from pathlib import Path
from typing import Final

from dicom_router.archives.kinds import START, archive_kind
from dicom_router.archives.limits import LIMITS, Limits
from dicom_router.archives.tarred import DECOMPRESSORS, TAR_ERRORS, read_tar
from dicom_router.archives.zipped import ZIP_ERRORS, read_zip
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason
from dicom_router.walking import Found

DAMAGED: Final = (*ZIP_ERRORS, *TAR_ERRORS)


def kind_of_file(path: Path) -> str:
    """Return what kind of archive the file ``path`` is, "" where it is none or cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            return archive_kind(file.read(START))
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ""


def entries(path: Path, kind: str, limits: Limits = LIMITS) -> Iterator[Found]:
    """Yield each entry of the archive ``path``, and last the archive itself where not all of it could be read."""
    try:
        yield from _entries(path, kind, limits)
    except UnreadableImage as error:
        yield Found(path, error.reason, error.detail)
    except OSError as error:
        damaged = error.errno in (None, EINVAL)  # of a decompressor, or of a jump to before the file
        reason = Reason.ARCHIVE_DAMAGED if damaged else Reason.UNREADABLE
        yield Found(path, reason, reason.meaning if damaged else error.strerror or "")
    except DAMAGED:
        yield Found(path, Reason.ARCHIVE_DAMAGED, Reason.ARCHIVE_DAMAGED.meaning)


def _entries(path: Path, kind: str, limits: Limits) -> Iterator[Found]:
    """Yield each entry.

    Raises:
        UnreadableImage: the archive is of a kind that is not read, or is not to be read on.
    """
    if kind == "zip":
        return read_zip(path, limits)
    if kind in DECOMPRESSORS:
        return read_tar(path, kind, limits)
    raise UnreadableImage(Reason.ARCHIVE_UNSUPPORTED, f"{kind} archives are not read; unpack it and take the folder")
