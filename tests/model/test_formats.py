"""Results as table, JSON lines, CSV and Parquet."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import pytest
from pyarrow import parquet

from dicom_router.claims import Claim
from dicom_router.cli import formats
from dicom_router.cli.formats import FORMATS
from dicom_router.errors import MissingExtra
from dicom_router.labels import CHESTS, CLASSES
from dicom_router.model.answers import Decision, Result, ReviewReason
from dicom_router.model.rows import COLUMNS
from dicom_router.reasons import Reason

ANSWERED = Result(
    Path("a,b.dcm"),
    label="spine",
    probabilities=(0.01, 0.02, 0.03, 0.9, 0.04),
    decision=Decision("spine", (ReviewReason.UNSURE, ReviewReason.OUTLIER)),
    outlier_score=12.5,
    claim=Claim("CHEST", 45.0, CHESTS, ("adult_chest",)),
    guarantee="guarantee not met",
    model="0123456789abcdef",
    synthetic_model=True,
    seconds=0.03125,
)
REFUSED = Result(Path("c.txt"), reason=Reason.NOT_DICOM, detail="no film", model="0123456789abcdef")


def written(form: str, *results: Result) -> bytes:
    file = io.BytesIO()
    assert list(FORMATS[form](results, file)) == list(results)
    return file.getvalue()


def test_a_table_is_aligned() -> None:
    model, head, *rows = written("table", ANSWERED, REFUSED).decode().splitlines()
    assert model == "model 0123456789abcdef (synthetic model)"
    for column, values in {"decision": ["review: unsure, outlier", "not_dicom"], "file": ["a,b.dcm", "c.txt"]}.items():
        assert all(row[head.index(column) :].startswith(value) for row, value in zip(rows, values, strict=True))
    assert rows[0].split()[:6] == ["spine", "1", "2", "3", "90", "4"]
    assert "differs: CHEST, 45 years" in rows[0] and rows[1].endswith("c.txt: no film")


def test_the_age_of_an_infant_is_told_in_months() -> None:
    infant = replace(ANSWERED, claim=Claim("CHEST", 1 / 3, CHESTS, ("pediatric_chest",)))
    assert "differs: CHEST, 4 months " in written("table", infant).decode()


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", "a\u202eb", os.fsdecode(b"a\xffb")])
def test_a_name_cannot_break_the_table(name: str) -> None:
    row = written("table", Result(Path(name), reason=Reason.EMPTY)).decode().splitlines()[2]
    assert row.isprintable() and row.endswith("b: ")


def test_json_holds_lists_and_nulls() -> None:
    answered, refused = (json.loads(line) for line in written("jsonl", ANSWERED, REFUSED).splitlines())
    assert list(answered["probabilities"]) == list(CLASSES) and answered["reasons"] == ["unsure", "outlier"]
    said = {"BodyPartExamined": "CHEST", "age_years": 45.0, "allows": ["adult_chest"], "disagrees": True}
    assert answered["header"] == said
    assert (refused["label"], refused["header"], refused["reason"], refused["seconds"]) == (
        None,
        None,
        "not_dicom",
        None,
    )


def test_csv_has_the_documented_columns_and_quotes() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", ANSWERED, REFUSED).decode())))
    assert list(rows[0]) == list(COLUMNS)
    shown = ("path", "label", "p_spine", "reasons", "header_disagrees", "synthetic_model")
    assert [rows[0][name] for name in shown] == ["a,b.dcm", "spine", "0.9", "unsure outlier", "true", "true"]
    assert (rows[1]["p_spine"], rows[1]["header_disagrees"], rows[1]["reason"]) == ("", "", "not_dicom")


def test_csv_of_nothing_has_its_head() -> None:
    assert written("csv").decode() == ",".join(COLUMNS) + "\n"


def test_parquet_has_types_and_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "ROW_GROUP", 2)
    (tmp_path / "results.parquet").write_bytes(written("parquet", ANSWERED, REFUSED, ANSWERED))
    file = parquet.ParquetFile(tmp_path / "results.parquet")
    assert file.num_row_groups == 2 and file.schema_arrow.names == list(COLUMNS)
    rows = file.read().to_pylist()
    assert (rows[0]["p_spine"], rows[0]["header_disagrees"], rows[0]["synthetic_model"]) == (0.9, True, True)
    assert (rows[1]["p_spine"], rows[1]["header_disagrees"], rows[1]["label"]) == (None, None, "")


@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_rows_are_written_as_results_come(form: str) -> None:
    def endless() -> Iterator[Result]:
        return (ANSWERED for _ in count())

    file = io.BytesIO()
    list(islice(FORMATS[form](endless(), file), 3))
    assert file.getvalue().count(b"a,b.dcm") >= 3


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install '\.\[parquet\]'"):
        written("parquet", ANSWERED)
