"""Labels from folders, from tables as hospitals write them, and one for all."""

from pathlib import Path

import pytest

from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import Assigned, FolderLabels, OneLabel, TableLabels, Unassigned
from dicom_router.errors import DataError
from dicom_router.labels import ALIASES
from dicom_router.reasons import Reason


def label(entry: Assigned | Unassigned) -> str:
    return entry.label if isinstance(entry, Assigned) else entry.reason


@pytest.mark.parametrize("alias", [*ALIASES, "Abdominal", "ADULT", "Adult Chest", "pediatric-chest"])
def test_the_parent_folder_is_the_label_by_any_alias(tmp_path: Path, alias: str) -> None:
    assert label(FolderLabels(tmp_path).of(tmp_path / alias / "film.dcm")) in ALIASES.values()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spine/film.dcm", "spine"),
        ("train/spine/film.dcm", "spine"),
        ("spine/patient 7/study 1/film.dcm", "spine"),
        ("spine/others/film.dcm", "other"),
        ("film.dcm", "unknown_label"),
        ("knee/film.dcm", "unknown_label"),
    ],
)
def test_the_nearest_folder_with_a_label_counts(tmp_path: Path, path: str, expected: str) -> None:
    assert label(FolderLabels(tmp_path).of(tmp_path / path)) == expected


def test_the_source_itself_may_be_named_like_a_class(tmp_path: Path) -> None:
    source = tmp_path / "spine"
    assert label(FolderLabels(source).of(source / "film.dcm")) == "spine"


def test_a_folder_above_the_source_does_not_count(tmp_path: Path) -> None:
    source = tmp_path / "spine" / "export"
    assert label(FolderLabels(source).of(source / "film.dcm")) == "unknown_label"


def test_one_label_is_everybodys(tmp_path: Path) -> None:
    assert label(OneLabel("spine").of(tmp_path / "abdomen" / "film.dcm")) == "spine"


ROWS = {
    "commas": b"path,label\na.png,spine\n",
    "semicolons": b"path;label\na.png;spine\n",
    "tabs": b"path\tlabel\na.png\tspine\n",
    "bom": b"\xef\xbb\xbfpath,label\na.png,spine\n",
    "utf-16": "path;label\r\na.png;spine\r\n".encode("utf-16"),
    "windows line ends": b"path,label\r\na.png,spine\r\n",
    "old mac line ends in quotes": b'path,label,note\na.png,spine,"two\nlines"\n',
    "capitals and blanks": b" Path , LABEL \n a.png , Spine \n",
    "another order": b"label,age_years,path\nspine,,a.png\n",
    "empty lines": b"path,label\n\n,\na.png,spine\n\n",
    "no line end": b"path,label\na.png,spine",
    "dot slash": b"path,label\n./a.png,spine\n",
    "twice the same row": b"path,label\na.png,spine\na.png,spine\n",
}


@pytest.mark.parametrize("text", ROWS.values(), ids=ROWS.keys())
def test_tables_are_read_as_hospitals_write_them(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "labels.csv").write_bytes(text)
    assert {key: label(entry) for key, entry in read_label_table(tmp_path / "labels.csv").rows.items()} == {
        "a.png": "spine"
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_names_that_are_not_ascii_are_found_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "labels.csv").write_bytes("path;label\nMüller/Röntgen.png;spine\n".encode(encoding))
    rows = read_label_table(tmp_path / "labels.csv").rows
    assert label(TableLabels(tmp_path, rows).of(tmp_path / "Müller" / "Röntgen.png")) == "spine"


def test_composed_and_decomposed_letters_are_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\nM\u00fcller.png,spine\n", encoding="utf-8")
    rows = read_label_table(tmp_path / "labels.csv").rows
    assert label(TableLabels(tmp_path, rows).of(tmp_path / "Mu\u0308ller.png")) == "spine"


def test_windows_paths_are_paths(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\nspine\\1\\a.png,spine\n", encoding="utf-8")
    assert list(read_label_table(tmp_path / "labels.csv").rows) == ["spine/1/a.png"]


@pytest.mark.parametrize(
    "path", ["../a.png", "x/../../a.png", "/etc/a.png", "C:\\a.png", "C:/a.png", "\\\\pacs\\a.png", "..\\a"]
)
def test_paths_that_leave_the_tables_folder_are_outside(tmp_path: Path, path: str) -> None:
    (tmp_path / "labels.csv").write_text(f"path,label\n{path},spine\n", encoding="utf-8")
    table = read_label_table(tmp_path / "labels.csv")
    assert [(named, why.reason) for named, why in table.unusable] == [(path, Reason.OUTSIDE_SOURCE)]
    assert not table.rows


def test_rows_that_name_no_file_are_missing_files(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\n,spine\n  ,abdomen\n", encoding="utf-8")
    table = read_label_table(tmp_path / "labels.csv")
    assert [(named, why.reason) for named, why in table.unusable] == [("", Reason.MISSING_FILE)]


@pytest.mark.parametrize("columns", ["", "path\n", "label\n", "file,class\n", "path label\n", "a.png,spine\n"])
def test_a_table_without_path_and_label_says_what_it_needs(tmp_path: Path, columns: str) -> None:
    (tmp_path / "labels.csv").write_text(columns, encoding="utf-8")
    with pytest.raises(DataError, match="must name the columns path and label"):
        read_label_table(tmp_path / "labels.csv")


def test_a_spreadsheet_is_told_to_become_csv(tmp_path: Path) -> None:
    (tmp_path / "labels.xlsx").write_bytes(b"PK\x03\x04\0\0path,label")
    with pytest.raises(DataError, match="save the table as CSV"):
        read_label_table(tmp_path / "labels.xlsx")


def test_a_table_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_label_table(tmp_path / "labels.csv")


def test_all_that_a_row_says_is_read(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "path,label,patient_id,study_id,age_years,sex,view,split\na.png,kub,P1,S1,7,female,supine ap,test\n", "utf-8"
    )
    assert read_label_table(tmp_path / "labels.csv").rows["a.png"] == Assigned(
        "abdomen", "P1", "S1", 7.0, "F", "SUPINE/AP", "test"
    )


@pytest.mark.parametrize(
    ("text", "years"), [("7", 7.0), ("17.9", 17.0), ('"1,5"', 1.5), ("018M", 1.5), ("95", 90.0), ("57Y", 57.0)]
)
def test_ages_are_numbers_or_dicom_ages(tmp_path: Path, text: str, years: float) -> None:
    (tmp_path / "labels.csv").write_text(f"path,label,age_years\na.png,spine,{text}\n", encoding="utf-8")
    entry = read_label_table(tmp_path / "labels.csv").rows["a.png"]
    assert isinstance(entry, Assigned) and entry.age_years == years


def test_what_is_not_used_is_noted_without_quoting_it(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "path,label,ward,age_years,sex,view,view\na.png,spine,7B,old,?,Doe,Doe\nb.png,spine,,430,M,,\n",
        encoding="utf-8",
    )
    notes = read_label_table(tmp_path / "labels.csv").notes
    assert notes == (
        "1 column(s) of the table are not used; those that are: "
        "path, label, patient_id, study_id, age_years, sex, view, split",
        "columns that stand twice in the table, of which the last counts: view",
        "age_years of 2 row(s) is not understood and left empty, row 1 below the head first",
        "sex of 1 row(s) is not understood and left empty, row 1 below the head first",
        "view of 1 row(s) is not understood and left empty, row 1 below the head first",
    )


def test_age_zero_and_an_empty_age_are_understood(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label,age_years\na.png,spine,0.0\nb.png,spine,\n", encoding="utf-8")
    assert read_label_table(tmp_path / "labels.csv").notes == ()


def test_a_split_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label,split\na.png,spine,dev\n", encoding="utf-8")
    with pytest.raises(DataError, match="one of train, validation, calibration, test"):
        read_label_table(tmp_path / "labels.csv")


@pytest.mark.parametrize("second", ["a.png,abdomen,1", "a.png,spine,2", "a.png,knee,1"])
def test_two_rows_that_differ_give_no_label(tmp_path: Path, second: str) -> None:
    (tmp_path / "labels.csv").write_text(f"path,label,patient_id\na.png,spine,1\n{second}\n", encoding="utf-8")
    assert label(read_label_table(tmp_path / "labels.csv").rows["a.png"]) == Reason.LABEL_CONFLICT


def test_rows_without_a_file_are_listed(tmp_path: Path) -> None:
    (tmp_path / "beside.png").touch()
    rows = {name: Assigned("spine") for name in ("found.png", "beside.png", "gone.png")}
    labels = TableLabels(tmp_path, rows, [("../a.png", Unassigned(Reason.OUTSIDE_SOURCE, "outside"))])
    labels.of(tmp_path / "found.png")
    assert [(path, why.reason) for path, why in labels.without_file()] == [
        ("../a.png", Reason.OUTSIDE_SOURCE),
        ("beside.png", Reason.OUTSIDE_SOURCE),
        ("gone.png", Reason.MISSING_FILE),
    ]
