"""Corrected labels brought into labels.csv."""

import os
from pathlib import Path

import pytest
from dataset.tiny import labels_of, row

from dicom_router.dataset.correcting import Corrected, apply_corrections
from dicom_router.dataset.table import LABELS, read_labels, write_labels
from dicom_router.errors import DataError

ROWS = [row(0, "spine"), row(1, "adult", age_years=34.0), row(2, "abdomen")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_labels(folder, labels_of(ROWS))
    return folder


def corrections(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "corrections.csv"
    path.write_text(text)
    return path


def test_the_named_films_change_and_nothing_else(data: Path, tmp_path: Path) -> None:
    before = read_labels(data)
    table = corrections(tmp_path, '"path","label"\n"images/0000.dcm",other\n')
    assert apply_corrections(data, table, {}) == Corrected(changed=1, already=0)
    after = read_labels(data)
    assert after["label"].tolist() == ["other", "adult", "abdomen"]
    assert after.drop(columns="label").equals(before.drop(columns="label"))


def test_the_same_corrections_again_change_no_byte(data: Path, tmp_path: Path) -> None:
    table = corrections(tmp_path, "path,label\nimages/0000.dcm,other\nimages/0001.dcm,adult_chest\n")
    assert apply_corrections(data, table, {}) == Corrected(changed=1, already=1)
    written = (data / LABELS).read_bytes()
    assert apply_corrections(data, table, {}) == Corrected(changed=0, already=2)
    assert (data / LABELS).read_bytes() == written


def test_an_alias_becomes_its_class_and_a_spreadsheets_semicolons_are_read(data: Path, tmp_path: Path) -> None:
    table = corrections(tmp_path, "path;label\r\nimages/0000.dcm;Pediatric\r\n")
    apply_corrections(data, table, {})
    assert read_labels(data)["label"][0] == "pediatric_chest"


def test_the_version_in_the_cache_stays_where_the_table_is_a_link_to_it(data: Path, tmp_path: Path) -> None:
    cached = tmp_path / "cached"
    os.link(data / LABELS, cached)
    cached.chmod(0o444)
    before = cached.read_bytes()
    apply_corrections(data, corrections(tmp_path, "path,label\nimages/0000.dcm,other\n"), {})
    assert cached.read_bytes() == before
    assert (data / LABELS).read_bytes() != before


def test_the_sides_of_the_last_run_are_kept(data: Path, tmp_path: Path) -> None:
    table = corrections(tmp_path, "path,label\nimages/0000.dcm,other\n")
    apply_corrections(data, table, {"images/0000.dcm": "test", "images/0001.dcm": "train"})
    assert read_labels(data)["split"].tolist() == ["test", "train", ""]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("images/9999.dcm,other", "1 of its paths are not in"),
        ("../images/0000.dcm,other", "1 of its paths are not in"),
        ("images/0000.dcm,knee", "unknown label 'knee'; accepted: abdomen"),
        ("images/0000.dcm,other\nimages/0000.dcm,abdomen", "two rows name this file: abdomen and other"),
    ],
)
def test_one_wrong_row_changes_nothing(data: Path, tmp_path: Path, rows: str, said: str) -> None:
    before = (data / LABELS).read_bytes()
    table = corrections(tmp_path, f"path,label\nimages/0002.dcm,other\n{rows}\n")
    with pytest.raises(DataError, match=said) as error:
        apply_corrections(data, table, {})
    assert "Nothing was changed" in str(error.value)
    assert (data / LABELS).read_bytes() == before
