"""Every film of a source: of its folders and of its archives, which count as folders."""

from collections.abc import Iterator
from pathlib import Path

from dicom_router.archives.reading import entries, kind_of_file
from dicom_router.errors import DataError
from dicom_router.walking import Found, stream


class Source:
    """The folder or archive ``path``, in no particular order; ``tables`` counts the label table where it was met."""

    def __init__(self, path: Path, label_table: Path | None) -> None:
        self._path = path
        self._label_table = label_table
        self._identity = _identity(path)
        self.tables = 0

    def __iter__(self) -> Iterator[Found]:
        """Yield what is found, one by one."""
        for found in stream(self._path):
            if found.path == self._label_table:
                self.tables += 1
            elif found.reason is None and (kind := kind_of_file(found.path)):
                yield from entries(found.path, kind)
            else:
                yield found

    def require_still_there(self) -> None:
        """Make sure that the source is what it was at first.

        Raises:
            DataError: it is gone, or something else lies in its place, as where a network folder was cut off.
        """
        if _identity(self._path) != self._identity:
            raise DataError(
                "the source went away while it was read. Nothing was added to labels.csv; "
                "run the same import again when it is back, and it continues"
            )


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a folder from any other, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
