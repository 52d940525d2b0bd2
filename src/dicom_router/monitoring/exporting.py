"""The log as a table, row by row: nothing but a group of rows is held."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import parquet
from sqlalchemy import Column, Select, Table, select
from sqlalchemy.types import Boolean, Double, Integer, LargeBinary

from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.log.tables import EMBEDDINGS, PREDICTIONS, Moment
from dicom_router.monitoring.periods import Period

GROUP: Final = 4096  # rows that are held
CSV, PARQUET = "csv", "parquet"
ARROW: Final[Mapping[type, pa.DataType]] = {
    Moment: pa.timestamp("us", tz="UTC"),
    Boolean: pa.bool_(),
    Double: pa.float64(),
    Integer: pa.int64(),
    LargeBinary: pa.binary(),
}


@dataclass(frozen=True)
class Filter:
    """Which rows are wanted: of a site, of a model's version, received in a period; all unless named."""

    site: str | None = None
    model: str | None = None
    period: Period | None = None

    def of(self, *columns: Column[Any]) -> Select[Any]:
        """Return what selects ``columns`` of the rows that are wanted, the oldest first."""
        wanted = select(*columns).order_by(PREDICTIONS.c.received, PREDICTIONS.c.image, PREDICTIONS.c.model)
        if self.site is not None:
            wanted = wanted.where(PREDICTIONS.c.site == self.site)
        if self.model is not None:
            wanted = wanted.where(PREDICTIONS.c.model == self.model)
        if self.period is not None:
            wanted = wanted.where(PREDICTIONS.c.received >= self.period.start)
        if self.period is not None and self.period.end is not None:
            wanted = wanted.where(PREDICTIONS.c.received < self.period.end)
        return wanted


def export_csv(log: PredictionLog, wanted: Filter, file: BinaryIO) -> int:
    """Write a head and a row for each prediction (RFC 4180 but for its line ends); return how many there were."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [column.name for column in PREDICTIONS.columns], lineterminator="\n")
    writer.writeheader()
    count = 0
    for group in _groups(log.rows(wanted.of(*PREDICTIONS.columns), GROUP)):
        writer.writerows({name: _as_csv(value) for name, value in row.items()} for row in group)
        count += len(group)
        _flush(buffer, file)
    _flush(buffer, file)  # the head, where there was no row
    return count


def export_parquet(log: PredictionLog, wanted: Filter, file: BinaryIO, *, features: bool = False) -> int:
    """Write a Parquet file by row groups, with the networks' ``features`` where asked; return the number of rows."""
    columns = [*PREDICTIONS.columns, *([EMBEDDINGS.c.features] if features else [])]
    chosen = wanted.of(*columns)
    if features:
        chosen = chosen.select_from(_with_features())
    schema = pa.schema([(column.name, _arrow(column)) for column in columns])
    count = 0
    with parquet.ParquetWriter(file, schema) as writer:
        for group in _groups(log.rows(chosen, GROUP)):
            writer.write_table(pa.Table.from_pylist([dict(row) for row in group], schema))
            count += len(group)
    return count


def _with_features() -> Any:  # noqa: ANN401
    table: Table = EMBEDDINGS
    same = (table.c.image == PREDICTIONS.c.image) & (table.c.model == PREDICTIONS.c.model)
    return PREDICTIONS.outerjoin(table, same)


def _arrow(column: Column[Any]) -> pa.DataType:
    return ARROW.get(type(column.type), pa.string())


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while group := list(islice(rest, GROUP)):
        yield group


def _as_csv(value: object) -> object:
    """Return truth as JSON writes it and times as ISO 8601; what is null is an empty field."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else value


def _flush(buffer: io.StringIO, file: BinaryIO) -> None:
    """Move what stands in ``buffer`` to the file."""
    file.write(buffer.getvalue().encode())
    buffer.seek(0)
    buffer.truncate()
