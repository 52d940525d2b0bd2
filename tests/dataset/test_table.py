"""labels.csv and dataset.json: what is written is what is read, and damage is said in words."""

from pathlib import Path

import pandas as pd
import pytest

from dicom_router.dataset.table import (
    COLUMNS,
    LABELS,
    ORIGIN,
    REQUIRED,
    Origin,
    read_labels,
    read_origin,
    write_labels,
    write_origin,
)
from dicom_router.errors import DataError

HEADER = ",".join(REQUIRED)


def table(**columns: list[object]) -> pd.DataFrame:
    usual = {name: ["", ""] for name in COLUMNS} | {"path": ["images/b.dcm", "images/a.dcm"], "batch": [1, 2]}
    return pd.DataFrame(usual | {"age_years": [1.5, float("nan")]} | columns)


def test_rows_come_back_sorted_by_path(tmp_path: Path) -> None:
    write_labels(tmp_path, table(label=["spine", "other"]))
    read = read_labels(tmp_path)
    assert list(read["path"]) == ["images/a.dcm", "images/b.dcm"]
    assert list(read["label"]) == ["other", "spine"]


def test_writing_what_was_read_changes_no_byte(tmp_path: Path) -> None:
    write_labels(tmp_path, table())
    before = (tmp_path / LABELS).read_bytes()
    write_labels(tmp_path, read_labels(tmp_path))
    assert (tmp_path / LABELS).read_bytes() == before


def test_text_that_looks_like_a_missing_value_stays_text(tmp_path: Path) -> None:
    write_labels(tmp_path, table(site=["nan", "NA"], patient_id=["0012", "null"]))
    read = read_labels(tmp_path)
    assert list(read["site"]) == ["NA", "nan"]
    assert list(read["patient_id"]) == ["null", "0012"]


def test_optional_columns_may_be_absent(tmp_path: Path) -> None:
    (tmp_path / LABELS).write_text(f"{HEADER}\nimages/a.dcm,spine,p,s,north,internal,1\n", encoding="utf-8")
    read = read_labels(tmp_path)
    assert list(read.columns) == list(COLUMNS)
    assert read["age_years"].isna().all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na,b\n", "lacks the column"),
        ("", "is no table"),
        (f"{HEADER}\na,b,c,d,e,f,1,g,h,i,j,k,l,m,n\nx\n", "is no table|whole number"),
        (f"{HEADER}\na,spine,p,s,north,internal,first\n", "batch must be a whole number"),
        (f"{HEADER},age_years\na,spine,p,s,north,internal,1,old\n", "age_years a number"),
    ],
)
def test_a_damaged_table_is_an_error_in_words(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / LABELS).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_labels(tmp_path)


def test_a_table_in_another_encoding_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / LABELS).write_bytes(f"{HEADER}\nimages/\xe4.dcm,spine,p,s,north,internal,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_labels(tmp_path)


def test_an_origin_comes_back(tmp_path: Path) -> None:
    origin = Origin(True, "the sample", "0123456789abcdef")
    write_origin(tmp_path, origin)
    assert read_origin(tmp_path) == origin


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"synthetic": "no", "description": "", "pseudonym_key_fingerprint": ""}']
)
def test_a_damaged_origin_is_an_error_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / ORIGIN).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        read_origin(tmp_path)


@pytest.mark.parametrize("read", [read_labels, read_origin])
def test_a_missing_dataset_says_how_to_make_one(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(DataError, match="dicom-router import"):
        read(tmp_path)
