"""Which label a file gets: from the folder it lies in, from a table, or one for all."""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final, Protocol

from dicom_router.errors import UnknownLabel
from dicom_router.labels import CLASSES, parse_label
from dicom_router.reasons import Reason

# An archive counts as a folder: spine.zip as one named spine.
ARCHIVE: Final = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tzst|tar\.(gz|bz2|xz|zst))$", re.IGNORECASE)


@dataclass(frozen=True)
class Assigned:
    """A label and what else is known beside the file; identifiers are original ones, ages coarse."""

    label: str
    patient_id: str = field(default="", repr=False)
    study_id: str = field(default="", repr=False)
    age_years: float | None = None
    sex: str = ""
    view: str = ""
    split: str = ""


@dataclass(frozen=True)
class Unassigned:
    """Why a file gets no label."""

    reason: Reason
    detail: str


Entry = Assigned | Unassigned


class Labelling(Protocol):
    """A way to label the files of a folder."""

    def of(self, path: Path) -> Entry:
        """Return the label of the file ``path``."""
        ...

    def without_file(self) -> Iterator[tuple[str, Unassigned]]:
        """Yield what should have been found and was not, once every file was asked for."""
        ...


@dataclass(frozen=True)
class OneLabel:
    """Every file gets the same label."""

    label: str

    def of(self, path: Path) -> Assigned:
        """Return the one label."""
        return Assigned(self.label)

    def without_file(self) -> Iterator[tuple[str, Unassigned]]:
        """Yield nothing: nobody said which files there are."""
        return iter(())


@dataclass(frozen=True)
class FolderLabels:
    """The name of the nearest folder that is a class or an alias is the label, up to and with ``source``."""

    source: Path

    def of(self, path: Path) -> Entry:
        """Return the label that the folders above ``path`` give."""
        for folder in _folders_between(path, self.source):
            try:
                return Assigned(parse_label(ARCHIVE.sub("", folder.name)))
            except UnknownLabel:
                continue
        return Unassigned(
            Reason.UNKNOWN_LABEL, f"no folder above it is named like a class ({', '.join(CLASSES)}) or an alias"
        )

    def without_file(self) -> Iterator[tuple[str, Unassigned]]:
        """Yield nothing: nobody said which files there are."""
        return iter(())


class TableLabels:
    """A table names each file below ``folder``, where the table lies; an archive in a path counts as a folder."""

    def __init__(
        self, folder: Path, rows: Mapping[str, Entry], unusable: Sequence[tuple[str, Unassigned]] = ()
    ) -> None:
        self._folder = folder
        self._rows = rows
        self._unusable = unusable
        self._found: set[str] = set()

    def of(self, path: Path) -> Entry:
        """Return what the table says about ``path``, and remember that there is such a file."""
        key = path_key(path.relative_to(self._folder).as_posix())
        if key not in self._rows:
            return Unassigned(Reason.NOT_LISTED, Reason.NOT_LISTED.meaning)
        self._found.add(key)
        return self._rows[key]

    def without_file(self) -> Iterator[tuple[str, Unassigned]]:
        """Yield path and reason of each row whose file did not come up, those that can name none first."""
        yield from self._unusable
        for key in self._rows:
            if key not in self._found:
                yield key, self._why_not_found(key)

    def _why_not_found(self, key: str) -> Unassigned:
        if os.path.lexists(self._folder / key):
            return Unassigned(Reason.OUTSIDE_SOURCE, "it lies beside the folder that is imported, or is no file")
        return Unassigned(Reason.MISSING_FILE, "no file has this path; paths are relative to the table's folder")


def path_key(path: str) -> str:
    """Return a path as files and rows of a table are compared: slashes, no ``./``, composed characters (NFC)."""
    slashed = PureWindowsPath(path).as_posix() if "\\" in path else path
    return unicodedata.normalize("NFC", PurePosixPath(slashed).as_posix()) if slashed.strip() else ""


def _folders_between(path: Path, source: Path) -> list[Path]:
    """List the folders above ``path``, nearest first, ``source`` by its real name last."""
    inside = [folder for folder in path.parents if source in folder.parents]
    return [*inside, source.resolve()]
