"""Results as they are written: a format takes results, writes each to a binary file as it comes, and passes it on."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final

from dicom_router.extras import extra
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Result
from dicom_router.model.rows import COLUMNS, flat, nested
from dicom_router.walking import as_text

Write = Callable[[Iterable[Result], BinaryIO], Iterator[Result]]

ROW_GROUP: Final = 4096  # rows of a Parquet file that are held
# Of the table: label, five probabilities in percent, decision, header, seconds, file.
LAYOUT: Final = "{:<16}{:<22}{:<25}{:<30}{:>7}  {}"


def as_table(results: Iterable[Result], file: BinaryIO) -> Iterator[Result]:
    """Write aligned columns for people; the model's version stands above them."""
    rows = iter(results)
    for first in islice(rows, 1):
        synthetic = " (synthetic model)" if first.synthetic_model else ""
        shares = "".join(f"{name[:3]:>4}" for name in CLASSES)
        _say(file, f"model {first.model}{synthetic}")
        _say(file, LAYOUT.format("label", shares, "decision", "header says", "seconds", "file"))
        for result in chain([first], rows):
            _say(file, _line(result))
            yield result


def as_jsonl(results: Iterable[Result], file: BinaryIO) -> Iterator[Result]:
    """Write one JSON object a line."""
    for result in results:
        _say(file, json.dumps(nested(result), ensure_ascii=False))
        yield result


def as_csv(results: Iterable[Result], file: BinaryIO) -> Iterator[Result]:
    """Write a head and one row a result (RFC 4180 but for its line ends)."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for result in results:
        writer.writerow({name: _as_csv(value) for name, value in flat(result).items()})
        _flush(buffer, file)
        yield result
    _flush(buffer, file)  # the head, where there was no result


def as_parquet(results: Iterable[Result], file: BinaryIO) -> Iterator[Result]:
    """Write a Parquet file by row groups.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    with extra("parquet"):
        import pyarrow as pa
        from pyarrow import parquet
    schema = pa.schema([(name, getattr(pa, "bool_" if kind == "bool" else kind)()) for name, kind in COLUMNS.items()])
    rows = iter(results)
    with parquet.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist([flat(result) for result in group], schema))
            yield from group


FORMATS: Final[Mapping[str, Write]] = {"table": as_table, "jsonl": as_jsonl, "csv": as_csv, "parquet": as_parquet}


def by_ending(output: Path | None) -> str:
    """Return the format that the name of a file asks for; a table for people where it asks for none."""
    ending = "" if output is None else output.suffix.lower().removeprefix(".")
    return ending if ending in FORMATS else "table"


def _line(result: Result) -> str:
    seconds = "" if result.seconds is None else f"{result.seconds:.3f}"
    name = printable(as_text(result.path))
    if result.probabilities is None:
        return LAYOUT.format("-", "", str(result.reason), "", seconds, f"{name}: {printable(result.detail)}")
    shares = "".join(f"{100 * probability:>4.0f}" for probability in result.probabilities)
    return LAYOUT.format(result.label, shares, _decision(result), _header(result), seconds, name)


def _decision(result: Result) -> str:
    """Return ``route``, or ``review: unsure, outlier``."""
    assert result.decision is not None
    return ": ".join(filter(None, (result.decision.action, ", ".join(result.decision.reasons))))


def _header(result: Result) -> str:
    """Return ``CHEST, 45 years``, with ``differs:`` before it where the pixels show something else."""
    claim = result.claim
    if claim is None:
        return ""
    return f"differs: {claim.in_words}" if result.disagrees else claim.in_words


def _as_csv(value: object) -> object:
    """Return truth as JSON writes it; what is null is an empty field."""
    return str(value).lower() if isinstance(value, bool) else value


def printable(text: str) -> str:
    """Escape what would move the cursor, end the row or colour the terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _say(file: BinaryIO, line: str) -> None:
    file.write(f"{line}\n".encode())
    file.flush()


def _flush(buffer: io.StringIO, file: BinaryIO) -> None:
    """Move what stands in ``buffer`` to the file."""
    file.write(buffer.getvalue().encode())
    file.flush()
    buffer.seek(0)
    buffer.truncate()
