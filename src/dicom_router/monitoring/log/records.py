"""The log as who scores sees it: what is known, what is new, and what a change of the model came to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Executable, Insert, Select, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from dicom_router.dataset.pseudonyms import KEY_VARIABLE
from dicom_router.errors import LogError, PseudonymKeyError
from dicom_router.monitoring.log.database import connected, file_of, parse, shown, writing
from dicom_router.monitoring.log.migrating import migrate
from dicom_router.monitoring.log.tables import EMBEDDINGS, FILES, ORIGIN, PREDICTIONS, RUNS, THUMBNAILS
from dicom_router.monitoring.settings import DEFAULT

Row = Mapping[str, Any]
# What stands in tables of its own, where a row has it.
APART: Final = {EMBEDDINGS.c.features.name: EMBEDDINGS, THUMBNAILS.c.png.name: THUMBNAILS}
INSERTS: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}  # both know ON CONFLICT


@dataclass(frozen=True)
class File:
    """What the log knows of a file in the inbox."""

    state: str
    received: datetime
    entries: int
    model: str


@dataclass(frozen=True)
class Written:
    """Which of the images offered were not there: under this model, and under any."""

    added: frozenset[str]
    new: frozenset[str]
    twins: int  # new ones whose SOPInstanceUID another image has
    shadows: int = 0  # rows of a challenger that were added


class PredictionLog:
    """A log that is open. Each call is a transaction of its own, and counts as a whole once it returns."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def files(self, files: Sequence[str]) -> dict[str, File]:
        """Return what is known of ``files``, by their pseudonyms."""
        columns = (FILES.c.file, FILES.c.state, FILES.c.received, FILES.c.entries, FILES.c.model)
        with self._engine.begin() as connection:
            return {
                row[0]: File(*row[1:]) for row in connection.execute(select(*columns).where(FILES.c.file.in_(files)))
            }

    def has(self, image: str, model: str) -> bool:
        """Say whether ``model`` has scored ``image``."""
        with self._engine.begin() as connection:
            return bool(_among(connection, [image], model))

    def write(self, rows: Sequence[Row], files: Sequence[Row], shadows: Sequence[Row] = ()) -> Written:
        """Add predictions, with their features and small pictures, unless they are there; note files as gone through.

        Of ``shadows``, a challenger's rows, those of images that this very call adds for the champion are added: no row
        of a challenger stands where none of a champion does, or says of another moment that a film was received.
        Two processes that write the same rows at once leave one of each, and each is told which are its own.
        """
        images = [row["image"] for row in rows]
        with writing(self._engine).begin() as connection:
            before, instances = _among(connection, images), _instances(connection, rows)
            added = self._add(connection, rows)
            beside = self._add(connection, [row for row in shadows if row["image"] in added])
            if files:
                connection.execute(_upsert(connection, FILES), files)
        new = added - before
        return Written(added, new, _twins([row for row in rows if row["image"] in new], instances), len(beside))

    def end_run(self, run: Row) -> None:
        """Note a run that came to its end."""
        with writing(self._engine).begin() as connection:
            connection.execute(RUNS.insert(), run)

    def last_models(self) -> tuple[str, str]:
        """Return champion and challenger of the last run that came to its end, "" for who was not there."""
        with self._engine.begin() as connection:
            wanted = select(RUNS.c.model, RUNS.c.challenger).order_by(RUNS.c.run.desc()).limit(1)
            found = connection.execute(wanted).one_or_none()
        return ("", "") if found is None else (found[0], found[1])

    def model_before(self, model: str) -> str | None:
        """Return the model of the last run that was of another than ``model``."""
        return self._one(select(RUNS.c.model).where(RUNS.c.model != model).order_by(RUNS.c.run.desc()).limit(1))

    def labels(self, images: Sequence[str], model: str) -> dict[str, str]:
        """Return what ``model`` said of those of ``images`` that it answered."""
        chosen = select(PREDICTIONS.c.image, PREDICTIONS.c.label).where(PREDICTIONS.c.image.in_(images))
        with self._engine.begin() as connection:
            found = connection.execute(chosen.where(PREDICTIONS.c.model == model, PREDICTIONS.c.label != ""))
            return {row[0]: row[1] for row in found}

    def rows(self, wanted: Select[Any], at_once: int) -> Iterator[Row]:
        """Yield what ``wanted`` selects, holding at most so many rows."""
        with self._engine.connect().execution_options(stream_results=True, yield_per=at_once) as connection:
            yield from (dict(row) for row in connection.execute(wanted).mappings())

    def replace(self, table: Table, rows: Sequence[Row]) -> None:
        """Write rows, each in place of one with the same key."""
        if rows:
            with writing(self._engine).begin() as connection:
                connection.execute(_upsert(connection, table), rows)

    def insert(self, table: Table, row: Row) -> int:
        """Add a row to a table that numbers its rows; return its number."""
        with writing(self._engine).begin() as connection:
            found = connection.execute(table.insert().values(**row)).inserted_primary_key
        assert found is not None
        return int(found[0])

    def execute(self, statement: Executable) -> None:
        """Change what ``statement`` says."""
        with writing(self._engine).begin() as connection:
            connection.execute(statement)

    def _one(self, wanted: Select[tuple[str]]) -> str | None:
        with self._engine.begin() as connection:
            return connection.execute(wanted).scalar_one_or_none()

    def _add(self, connection: Connection, rows: Sequence[Row]) -> frozenset[str]:
        """Insert what is not there; return the images of it."""
        if not rows:
            return frozenset()
        insert = _insert(connection, PREDICTIONS).on_conflict_do_nothing().returning(PREDICTIONS.c.image)
        added = frozenset(connection.execute(insert, [_within(row) for row in rows]).scalars())
        once = {row["image"]: row for row in rows if row["image"] in added}
        for name, table in APART.items():
            held = [{key: row[key] for key in ("image", "model", name)} for row in once.values() if row.get(name)]
            if held:
                connection.execute(table.insert(), held)
        return added


@contextmanager
def opened(address: str, key_fingerprint: str) -> Iterator[PredictionLog]:
    """Open the log at ``address`` to write, made or brought up to date where it must be.

    Raises:
        LogError: the database refuses, at the start or within the block.
        PseudonymKeyError: the pseudonyms in it were made with another key.
    """
    with connected(parse(address)) as engine:
        with writing(engine).begin() as connection:
            migrate(connection)
            _check_key(connection, key_fingerprint)
        yield PredictionLog(engine)


@contextmanager
def opened_existing(address: str, key_fingerprint: str) -> Iterator[PredictionLog]:
    """Open the log at ``address`` to write, which must be there.

    Raises:
        LogError: it is not, or the database refuses.
        PseudonymKeyError: the pseudonyms in it were made with another key.
    """
    with opened_to_read(address), opened(address, key_fingerprint) as log:
        yield log


@contextmanager
def opened_to_read(address: str) -> Iterator[PredictionLog]:
    """Open the log at ``address``, which must be there.

    Raises:
        LogError: it is not, or the database refuses.
    """
    url = parse(address)
    path = file_of(url)
    if path is not None and not path.exists():
        hint = "" if address == DEFAULT else f" (or is {shown(url)} the wrong place?)"
        raise LogError(f"there is no prediction log yet: `dicom-router rescore` makes it{hint}")
    with connected(url) as engine:
        with writing(engine).begin() as connection:
            migrate(connection)
        yield PredictionLog(engine)


def _check_key(connection: Connection, fingerprint: str) -> None:
    """Make sure that the log is of this key, or becomes so."""
    insert = _insert(connection, ORIGIN).on_conflict_do_nothing()
    known = connection.execute(select(ORIGIN.c.key_fingerprint)).scalars().all()
    if not known:
        connection.execute(insert, {"key_fingerprint": fingerprint})
    elif known != [fingerprint]:
        raise PseudonymKeyError(
            f"the prediction log was made with another pseudonym key (fingerprint {known[0]}, that of {KEY_VARIABLE}"
            f" is {fingerprint}): one image would get two names. Set the key that was used before, or start another log"
        )


def _insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    insert: sqlite.Insert | postgresql.Insert = INSERTS[connection.dialect.name](table)
    return insert


def _upsert(connection: Connection, table: Table) -> Insert:
    """Return what inserts rows, or replaces those with the same key."""
    insert = _insert(connection, table)
    keys = list(table.primary_key.columns)
    others = {column.name: insert.excluded[column.name] for column in table.columns if column not in set(keys)}
    return insert.on_conflict_do_update(index_elements=keys, set_=others)


def _among(connection: Connection, images: Sequence[str], model: str | None = None) -> frozenset[str]:
    """Return which of ``images`` are there, of ``model`` or of any."""
    wanted = select(PREDICTIONS.c.image).where(PREDICTIONS.c.image.in_(images)).distinct()
    chosen = wanted if model is None else wanted.where(PREDICTIONS.c.model == model)
    return frozenset(connection.execute(chosen).scalars())


def _instances(connection: Connection, rows: Iterable[Row]) -> frozenset[str]:
    """Return which SOP instances of ``rows`` are there."""
    named = {row["instance"] for row in rows} - {""}
    wanted = select(PREDICTIONS.c.instance).where(PREDICTIONS.c.instance.in_(named)).distinct()
    return frozenset(connection.execute(wanted).scalars())


def _twins(new: Sequence[Row], before: frozenset[str]) -> int:
    """Count rows whose SOP instance was there before, or comes a second time."""
    images = {row["image"]: row["instance"] for row in new if row["instance"]}
    fresh = set(images.values()) - before
    return len(images) - len(fresh)


def _within(row: Row) -> dict[str, Any]:
    """Return what of ``row`` stands in the table of predictions."""
    return {name: value for name, value in row.items() if name not in APART}
