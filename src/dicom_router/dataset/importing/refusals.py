"""The list of what an import refused, for the person who imports: it holds original names and is private."""

import csv
import os
from collections import Counter
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dicom_router.dataset.importing.taking import Refusal
from dicom_router.errors import DataError
from dicom_router.reasons import Reason

COLUMNS: Final = ("path", "reason", "detail")


def unused_list(folder: Path) -> Path:
    """Return the first ``refused-N.csv`` of ``folder`` that is not there yet: no list overwrites another."""
    return next(path for number in count(1) if not (path := folder / f"refused-{number}.csv").exists())


class RefusalList:
    """A CSV file with a row per refusal, written as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons: Counter[Reason] = Counter()

    def __enter__(self) -> Self:
        """Start the file.

        Raises:
            DataError: it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Names that are no UTF-8 are escaped.
            private = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(private, "w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise DataError(f"the list of refusals {self.path} cannot be written: {error.strerror}") from None
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def add(self, refusal: Refusal) -> None:
        """Count a refusal and write its row."""
        self.reasons[refusal.reason] += 1
        self._writer.writerow((refusal.source, refusal.reason.value, refusal.detail))
