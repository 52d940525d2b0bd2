"""Which of the films that were read are new. One film has one label: where two are given, none is believed.

The films of an import, and the rows of the imports before, lie in a scratch file and not in
memory, so that a million of them cost no more of it than a thousand. What comes out depends on what
came in and not on its order.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Final, Self

import pandas as pd

from dicom_router.dataset.importing.taking import Film, Refusal
from dicom_router.dataset.rows import canonical_labels
from dicom_router.dataset.table import COLUMNS, Cohort
from dicom_router.labels import CLASSES
from dicom_router.reasons import Reason

PART: Final = 10_000  # rows of a table held at once

FILM: Final = tuple(field.name for field in fields(Film))
# What all copies of a film must agree on: everything but where they lay.
FACTS: Final = tuple(name for name in FILM if name != "source")
INSERT: Final = {
    table: f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"
    for table, columns in {"rows": len(COLUMNS) + 2, "films": len(FILM), "known": 4}.items()
}
SCHEMA: Final = f"""
CREATE TABLE rows ({", ".join(COLUMNS)}, image, class);
CREATE INDEX rows_by_image ON rows (image);
CREATE INDEX rows_by_path ON rows (path);
CREATE TABLE films ({", ".join(FILM)});
CREATE TABLE known (source, image, patient_id, study_id);
"""
# Of several copies the first by original path, whichever was read first.
SETTLED: Final = f"""
CREATE INDEX films_by_image ON films (image, source);
CREATE TABLE images AS
    SELECT min(source) AS source, {", ".join(FACTS)}, count(*) AS copies,
        count(DISTINCT json_array({", ".join(FACTS)})) AS versions, group_concat(DISTINCT label) AS labels
    FROM films GROUP BY image;
CREATE UNIQUE INDEX images_by_image ON images (image);
CREATE VIEW new AS SELECT * FROM images WHERE versions = 1;
CREATE VIEW contested AS
    SELECT films.source, films.path, images.labels
    FROM films JOIN images ON films.image = images.image WHERE images.versions > 1 ORDER BY films.source;
"""


class Sorting:
    """Sort films by image, against those of earlier imports and against each other, by help of the file ``scratch``.

    A film that is there with its label stays as it is. One that comes with another label than before is
    refused, and the earlier one stays. Those of the same import that disagree are all refused.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        scratch.unlink(missing_ok=True)  # of an import that was killed
        scratch.touch(mode=0o600)
        self._database = sqlite3.connect(scratch, isolation_level=None)
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        """Return the sorting."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close and remove the scratch file."""
        self._database.close()
        self._scratch.unlink(missing_ok=True)

    def know(self, parts: Iterable[pd.DataFrame]) -> None:
        """Take in the rows of ``labels.csv``."""
        for part in parts:
            images = [PurePosixPath(path).stem for path in part["path"]]
            rows = part.assign(image=images, **{"class": canonical_labels(part["label"])})
            empty = rows.astype(object).where(rows.notna(), None)
            self._database.executemany(INSERT["rows"], empty.itertuples(index=False, name=None))

    def add(self, film: Film) -> list[Refusal]:
        """Take in a film; return the refusals that follow at once."""
        before = self._one("SELECT class FROM rows WHERE image = ?", film.image)
        if before is None:
            self._database.execute(INSERT["films"], (os.fsencode(film.source), *astuple(film)[1:]))
        elif before == film.label:
            values = (os.fsencode(film.source), film.image, film.patient_id, film.study_id)
            self._database.execute(INSERT["known"], values)
        else:
            detail = f"{film.label} here, but {before} in labels.csv since an earlier import; correct one of them"
            return [Refusal(film.source, Reason.LABEL_CONFLICT, detail)]
        return []

    def settle(self) -> None:
        """Decide which films are new, once all have been added; what follows may be asked then."""
        self._database.executescript(SETTLED)  # and commits: the file lasts no longer than this object

    def conflicts(self) -> Iterator[Refusal]:
        """Yield the refusal of every copy of a film that came with different labels, or different facts."""
        for source, labels in self._all("SELECT source, labels FROM contested"):
            several = " and ".join(sorted(labels.split(",")))
            detail = f"the same film came as {several}" if "," in labels else "two rows of the table differ about it"
            yield Refusal(os.fsdecode(source), Reason.LABEL_CONFLICT, detail)

    def contested_paths(self) -> Iterator[str]:
        """Yield where films that came with different labels were stored."""
        return (path for (path,) in self._all("SELECT DISTINCT path FROM contested"))

    def origins(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield original path, image, patient and study of every film that is in the dataset from now on."""
        copies = "SELECT source, image, patient_id, study_id FROM films WHERE image IN (SELECT image FROM new)"
        for source, image, patient, study in self._all(f"{copies} UNION ALL SELECT * FROM known"):
            yield os.fsdecode(source), image, patient, study

    def imported(self) -> dict[str, int]:
        """Return how many films of each class are new."""
        counts: dict[str, int] = dict(self._all("SELECT label, count(*) FROM new GROUP BY label"))
        return {name: counts.get(name, 0) for name in CLASSES}

    def already_there(self) -> int:
        """Count films that were there before, or came a second time."""
        return self._count("SELECT count(*) FROM known") + self._count("SELECT sum(copies - 1) FROM new")

    def without_patient(self) -> int:
        """Count new films of nobody."""
        return self._count("SELECT count(*) FROM new WHERE patient_id = ''")

    def holds_synthetic(self) -> bool:
        """Tell whether a new film is synthetic."""
        return self._count("SELECT count(*) FROM new WHERE synthetic") > 0

    def images(self) -> int:
        """Count the rows of ``labels.csv``."""
        return self._count("SELECT count(*) FROM rows")

    def lists(self, image: str) -> bool:
        """Tell whether a row of ``labels.csv`` names an image."""
        return self._one("SELECT 1 FROM rows WHERE image = ?", image) is not None

    def knows_site(self, site: str) -> bool:
        """Tell whether a row of ``labels.csv`` is of a site."""
        return self._one("SELECT 1 FROM rows WHERE site = ?", site) is not None

    def admit(self, site: str, cohort: Cohort) -> None:
        """Make rows of ``labels.csv`` of the new films, as the next batch."""
        given = {"site": site, "cohort": cohort, "batch": 1 + self._count("SELECT max(batch) FROM rows")}
        columns = ", ".join(f":{name}" if name in given else name for name in COLUMNS)
        self._database.execute(f"INSERT INTO rows SELECT {columns}, image, label FROM new", given)

    def rows(self) -> Iterator[pd.DataFrame]:
        """Yield the rows of ``labels.csv`` in parts, sorted by path."""
        cursor = self._database.execute(f"SELECT {', '.join(COLUMNS)} FROM rows ORDER BY path")
        while part := cursor.fetchmany(PART):
            yield pd.DataFrame(part, columns=list(COLUMNS)).astype({"age_years": "float64", "batch": "int64"})

    def _all(self, query: str) -> Iterator[Any]:
        return self._database.execute(query)

    def _one(self, query: str, value: str) -> str | None:
        row = self._database.execute(query, (value,)).fetchone()
        return None if row is None else row[0]

    def _count(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0] or 0)
