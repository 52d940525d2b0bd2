"""What a user names becomes films: files, folders, archives, lists."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from dicom_router.finding import find, find_again, listed
from dicom_router.reasons import Reason


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "later").mkdir(parents=True)
    for name in ("b.dcm", ".hidden", "later/a.dcm"):
        (folder / name).write_bytes(name.encode())
    return folder


def zip_of(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def test_files_stand_where_they_were_named_and_folders_are_sorted(tmp_path: Path, inbox: Path) -> None:
    named = tmp_path / "z"
    expected = [named, inbox / ".hidden", inbox / "b.dcm", inbox / "later" / "a.dcm"]
    assert [found.path for found in find([named, inbox])] == expected


def test_an_archives_entries_say_where_the_archive_ends(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "export.zip", "inner/one.dcm", "two.dcm")
    assert [(str(found.path), found.data) for found in find([archive])] == [
        (f"{archive}!/inner/one.dcm", b"inner/one.dcm"),
        (f"{archive}!/two.dcm", b"two.dcm"),
    ]


def test_archives_below_a_folder_are_read_and_their_content_decides(inbox: Path) -> None:
    archive = zip_of(inbox / "later" / "no-suffix", "film")
    assert [found.path.name for found in find([inbox])] == [".hidden", "b.dcm", "a.dcm", "film"]
    assert archive.is_file()


def test_an_entry_that_leads_outside_is_named_and_not_read(tmp_path: Path) -> None:
    (found,) = find([zip_of(tmp_path / "a.zip", "../../etc/passwd")])
    assert found.reason == Reason.OUTSIDE_SOURCE and str(found.path) == f"{tmp_path}/a.zip!/../../etc/passwd"


def test_a_damaged_archive_is_one_source_with_its_reason(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", "film")
    archive.write_bytes(archive.read_bytes()[:-10])
    (found,) = find([archive])
    assert (found.path, found.reason) == (archive, Reason.ARCHIVE_DAMAGED)


def test_what_cannot_be_read_comes_with_its_reason(inbox: Path) -> None:
    (inbox / "gone").symlink_to(inbox / "nothing")
    os.mkfifo(inbox / "pipe")
    reasons = {found.path.name: found.reason for found in find([inbox])}
    assert (reasons["gone"], reasons["pipe"]) == (Reason.MISSING_FILE, Reason.UNREADABLE)


def test_a_name_that_cannot_be_looked_at_costs_its_own_row_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "film").touch()
    named = [tmp_path / "pipe", "x" * 5000, tmp_path / "a\0b", tmp_path / "film"]
    assert [found.reason for found in find(named)] == [Reason.UNREADABLE] * 3 + [None]


@pytest.mark.parametrize("named", [".", "later/..", "link"])
def test_what_the_caller_writes_is_not_found(inbox: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.chdir(inbox)
    (inbox / "link").symlink_to(inbox)
    for name in ("b.csv", ".b.csv.4711.partial", "later/b.csv", "c.csv", ".b.csv"):
        (inbox / name).touch()
    found = {path.path.resolve() for path in find([Path(named)], [inbox / "later" / ".." / "b.csv"])}
    assert found & set(inbox.glob("*.csv")) == {inbox / "c.csv", inbox / ".b.csv"}
    assert inbox / "later" / "b.csv" in found
    assert not any(path.name.endswith(".partial") for path in found)


def test_what_was_found_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "exp!").mkdir()
    (tmp_path / "exp").touch()
    (tmp_path / "exp!" / "film").touch()
    zip_of(tmp_path / "exp!" / "in.zip", "film", "dir!/film", "other")
    wanted = [found.path for found in find([tmp_path]) if found.path.name != "other"]
    again = list(find_again(wanted))
    assert sorted(found.path for found in again) == sorted(wanted) and len(wanted) == 4
    assert [found.data for found in again if found.path.name == "film"].count(None) == 1


@pytest.mark.parametrize(
    ("text", "separator", "paths"),
    [
        (b"a\nb c\n", b"\n", ["a", "b c"]),
        (b"a\r\nb", b"\n", ["a", "b"]),
        (b"\n\n a \n", b"\n", [" a "]),
        (b"a\nb\0c\0", b"\0", ["a\nb", "c"]),
        (b"film\xff\n", b"\n", [os.fsdecode(b"film\xff")]),
        (b"", b"\n", []),
        (b"x" * 100_000 + b"\ny", b"\n", ["x" * 100_000, "y"]),
    ],
)
def test_a_list_is_read_line_by_line(text: bytes, separator: bytes, paths: list[str]) -> None:
    assert [str(path) for path in listed(io.BytesIO(text), separator)] == paths


def test_a_list_is_read_as_it_comes() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reading, os.fdopen(write_end, "wb", buffering=0) as writing:
        paths = listed(reading)
        writing.write(b"first\nsec")
        assert next(paths) == Path("first")
        writing.write(b"ond\n")
        assert next(paths) == Path("second")
