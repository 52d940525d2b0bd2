"""Walking a folder: in order, or as a stream whose memory does not grow."""

import os
import tracemalloc
from pathlib import Path

from dicom_router.reasons import Reason
from dicom_router.walking import stream, walk


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_a_walk_goes_by_name_files_first(tmp_path: Path) -> None:
    write(tmp_path, "b/2", "b/1", "a/x/1", "z", "c")
    assert [found.path.relative_to(tmp_path).as_posix() for found in walk(tmp_path)] == [
        "c",
        "z",
        "a/x/1",
        "b/1",
        "b/2",
    ]


def test_a_stream_finds_what_a_walk_does(tmp_path: Path) -> None:
    write(tmp_path, "a/1", "a/b/c/2", "3")
    (tmp_path / "a" / "broken").symlink_to("nowhere")
    (tmp_path / "a" / "circle").symlink_to(tmp_path)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "3")
    os.mkfifo(tmp_path / "pipe")
    by_path = {found.path: found for found in walk(tmp_path)}
    assert {found.path: found for found in stream(tmp_path)} == by_path
    assert sorted(found.reason or "" for found in by_path.values()) == [
        "", "", "", "", Reason.MISSING_FILE, Reason.OUTSIDE_SOURCE, Reason.UNREADABLE,
    ]  # fmt: skip


def test_a_file_is_what_is_found(tmp_path: Path) -> None:
    write(tmp_path, "film")
    assert [found.path for found in stream(tmp_path / "film")] == [tmp_path / "film"]


def test_a_folder_that_went_away_is_found_unreadable_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path, "a/1", "b/1")
    found = stream(tmp_path)
    first = next(found).path
    other = tmp_path / ("b" if first.parent.name == "a" else "a")
    (other / "1").unlink()
    rest = [(one.path, one.reason) for one in found] if other.rmdir() is None else []
    assert rest in ([], [(other, Reason.UNREADABLE)])


def test_the_memory_of_a_stream_does_not_grow(tmp_path: Path) -> None:
    write(tmp_path, *map(str, range(4000)), *(f"{number}/film" for number in range(10_000, 11_000)))
    peaks = [peak_of_a_stream(tmp_path) for _ in range(3)]
    assert min(peaks) < 100_000  # one of them may see the interpreter enlarge its own table of names


def peak_of_a_stream(folder: Path) -> int:
    """Return the bytes that were held at most while 5,000 films went by."""
    tracemalloc.start()
    try:
        assert sum(1 for _ in stream(folder)) == 5000
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
