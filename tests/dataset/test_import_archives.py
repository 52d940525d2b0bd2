"""Films in ZIP and tar archives come in as if the archive were a folder; what an archive may not do is refused."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from dataset.hospital import bring, content, dicom, png

from dicom_router.archives.limits import Limits
from dicom_router.archives.reading import entries, kind_of_file
from dicom_router.archives.zipped import read_zip
from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import OneLabel, TableLabels
from dicom_router.reasons import Reason

FILM = "spine/Doe^Jane/film"
SMALL = Limits(entry=5000, directory=2000, entries=20, total=60_000, ratio=20, free=3000, extension=1 << 20)


def zip_of(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tar_bytes(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return stream.getvalue()


def tar_of(path: Path, *headers: tarfile.TarInfo) -> Path:
    """Write an archive of entries without content."""
    with tarfile.open(path, "w") as archive:
        for header in headers:
            archive.addfile(header)
    return path


def header_of(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def in_two_streams(data: bytes) -> bytes:
    return bz2.compress(data[:700]) + bz2.compress(data[700:])


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "tar": lambda data: data,
    "tar.gz": gzip.compress,
    "tgz": lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:]),
    "tar.bz2": in_two_streams,
    "tar.xz": lzma.compress,
    "tar.zst": zstd,
}
ZIP_METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
}


def write_archive(folder: Path, kind: str, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if kind in ZIP_METHODS:
        return zip_of(folder / "export.zip", files, ZIP_METHODS[kind])
    path = folder / f"export.{kind}"
    path.write_bytes(PACKERS[kind](tar_bytes(files)))
    return path


def reasons(path: Path, limits: Limits = SMALL) -> list[tuple[str, Reason | None]]:
    """Return the entries of an archive by name, and what is wrong with them."""
    found = entries(path, kind_of_file(path), limits)
    return [(str(one.path.relative_to(path)) if one.path != path else "all", one.reason) for one in found]


@pytest.fixture
def films(tmp_path: Path) -> dict[str, bytes]:
    """Return two films and a text, by the names that they have in an archive."""
    spine, chest = dicom(tmp_path / "films" / "1", 1), png(tmp_path / "films" / "2", 2)
    return {FILM: spine.read_bytes(), "export/adult/2": chest.read_bytes(), "notes.txt": b"nothing to see\n" * 20}


@pytest.mark.parametrize("kind", [*PACKERS, *ZIP_METHODS])
def test_an_archive_is_as_the_folder_it_was_made_of(tmp_path: Path, films: dict[str, bytes], kind: str) -> None:
    for name, data in films.items():
        path = tmp_path / "folder" / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    write_archive(tmp_path / "packed" / "sub", kind, films)
    plain = bring(tmp_path / "folder", tmp_path / "plain" / "data")
    packed = bring(tmp_path / "packed", tmp_path / "unpacked" / "data")
    assert (packed.seen, packed.imported, packed.refused) == (plain.seen, plain.imported, plain.refused)
    assert content(tmp_path / "unpacked" / "data") == content(tmp_path / "plain" / "data")


@pytest.mark.parametrize("kind", ["tar.gz", "deflated"])
def test_an_archive_can_be_the_source_and_is_told_by_its_content(
    tmp_path: Path, films: dict[str, bytes], kind: str
) -> None:
    source = write_archive(tmp_path, kind, films).rename(tmp_path / "export")
    account = bring(source, tmp_path / "data")
    assert (account.imported["spine"], account.imported["adult_chest"], account.seen) == (1, 1, 3)


@pytest.mark.parametrize("name", ["spine.zip", "Spine.ZIP", "spine.tar.gz"])
def test_an_archive_named_like_a_class_labels_what_is_in_it(tmp_path: Path, films: dict[str, bytes], name: str) -> None:
    (tmp_path / "source").mkdir()
    write_archive(tmp_path, "deflated", {"film": films[FILM]}).rename(tmp_path / "source" / name)
    assert bring(tmp_path / "source" / name, tmp_path / "1" / "data").imported["spine"] == 1
    assert bring(tmp_path / "source", tmp_path / "2" / "data").imported["spine"] == 1


def test_a_table_names_an_entry_as_if_the_archive_were_a_folder(tmp_path: Path, films: dict[str, bytes]) -> None:
    source = tmp_path / "source"
    write_archive(source, "tar", films)
    (source / "labels.csv").write_text(f"path,label\nexport.tar/{FILM},other\nexport.tar/gone,other\n")
    table = read_label_table(source / "labels.csv")
    account = bring(source, tmp_path / "data", TableLabels(source, table.rows), label_table=source / "labels.csv")
    assert (account.imported["other"], account.tables) == (1, 1)
    assert account.refused == {Reason.MISSING_FILE: 1, Reason.NOT_DICOM: 1, Reason.NOT_LISTED: 1}


def test_processes_read_archives_as_none_do(tmp_path: Path, films: dict[str, bytes]) -> None:
    source = write_archive(tmp_path, "tar.gz", films)
    bring(source, tmp_path / "none" / "data", jobs=0)
    bring(source, tmp_path / "two" / "data", jobs=2)
    assert content(tmp_path / "two" / "data") == content(tmp_path / "none" / "data")


def test_only_the_ledger_knows_where_in_an_archive_a_film_lay(tmp_path: Path, films: dict[str, bytes]) -> None:
    source = write_archive(tmp_path / "source", "deflated", films)
    bring(source.parent, tmp_path / "project" / "data")
    named = [path for path, data in content(tmp_path / "project").items() if b"Doe^Jane" in data]
    assert named == ["private/ledger.sqlite"]


NAMES = ["/etc/film", "../film", "a/../../film", "C:/film", "C:film", "\\\\pacs\\film", "..\\film"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["tar", "stored"])
def test_a_name_that_leads_outside_is_refused_and_the_next_one_read(tmp_path: Path, kind: str, name: str) -> None:
    path = write_archive(tmp_path, kind, {name: b"x", "good": b"y"})
    assert [reason for _, reason in reasons(path)] == [Reason.OUTSIDE_SOURCE, None]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, Reason.OUTSIDE_SOURCE),
        (tarfile.LNKTYPE, Reason.OUTSIDE_SOURCE),
        (tarfile.CHRTYPE, Reason.UNREADABLE),
        (tarfile.BLKTYPE, Reason.UNREADABLE),
        (tarfile.FIFOTYPE, Reason.UNREADABLE),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes, reason: Reason) -> None:
    path = tar_of(tmp_path / "a.tar", header_of("film", kind, "/etc/passwd"), header_of("good"))
    assert reasons(path) == [("film", reason), ("good", None)]


@pytest.mark.parametrize(("mode", "reason"), [(0o120777, Reason.OUTSIDE_SOURCE), (0o020666, Reason.UNREADABLE)])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, mode: int, reason: Reason) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        entry = zipfile.ZipInfo("film")
        entry.external_attr = mode << 16
        archive.writestr(entry, "/etc/passwd")
        archive.writestr("good", "y")
    assert reasons(tmp_path / "a.zip") == [("film", reason), ("good", None)]


@pytest.mark.parametrize("kind", ["deflated", "tar.gz"])
@pytest.mark.parametrize("size", [5001, 1 << 24])
def test_an_entry_larger_than_a_film_is_refused(tmp_path: Path, kind: str, size: int) -> None:
    path = write_archive(tmp_path, kind, {"bomb": os.urandom(size), "good": b"y"})
    limits = Limits(entry=5000)
    assert reasons(path, limits) == [("bomb", Reason.ARCHIVE_BOMB), ("good", None)]


def test_an_entry_that_unpacks_too_well_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path, "deflated", {"bomb": bytes(4000), "good": b"y"})
    assert reasons(path) == [("bomb", Reason.ARCHIVE_BOMB), ("good", None)]


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "tar.zst"])
def test_a_tar_that_unpacks_too_well_is_not_read_on(tmp_path: Path, kind: str) -> None:
    path = write_archive(tmp_path, kind, {"good": b"y", "bomb": bytes(1 << 24), "more": b"z"})
    assert reasons(path, Limits(free=1 << 20, ratio=20))[-1] == ("all", Reason.ARCHIVE_BOMB)


@pytest.mark.parametrize("kind", ["stored", "tar"])
def test_too_many_entries_are_not_read_on(tmp_path: Path, kind: str) -> None:
    path = write_archive(tmp_path, kind, {str(number): b"y" for number in range(22)})
    read = reasons(path)
    assert (len(read), read[-1]) == (21, ("all", Reason.ARCHIVE_BOMB))


@pytest.mark.parametrize("kind", ["stored", "tar"])
def test_too_many_bytes_are_not_read_on(tmp_path: Path, kind: str) -> None:
    path = write_archive(tmp_path, kind, {str(number): os.urandom(4500) for number in range(15)})
    assert reasons(path)[-1] == ("all", Reason.ARCHIVE_BOMB)


def test_a_large_directory_takes_no_memory(tmp_path: Path) -> None:
    path = write_archive(tmp_path, "stored", {f"{'long' * 30}{number}": b"" for number in range(15)})
    assert reasons(path) == [("all", Reason.ARCHIVE_BOMB)]


def test_entries_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"0": os.urandom(900)}, zipfile.ZIP_STORED)
    whole = path.read_bytes()
    start = whole.index(b"PK\x01\x02")
    entry, end = whole[start : whole.index(b"PK\x05\x06")], bytearray(whole[whole.index(b"PK\x05\x06") :])
    struct.pack_into("<HHI", end, 8, 9, 9, 9 * len(entry))
    path.write_bytes(whole[:start] + 9 * entry + end)
    assert reasons(path)[-1] == ("all", Reason.ARCHIVE_BOMB)


def test_a_header_that_asks_for_memory_is_a_bomb(tmp_path: Path) -> None:
    header = header_of("long", tarfile.GNUTYPE_LONGNAME)
    header.size = 1 << 30
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    assert reasons(tmp_path / "a.tar") == [("all", Reason.ARCHIVE_BOMB)]


def test_a_dictionary_that_asks_for_memory_is_not_made(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29}]
    (tmp_path / "a.tar.xz").write_bytes(lzma.compress(tar_bytes({"film": b"x"}), filters=filters))
    assert reasons(tmp_path / "a.tar.xz") == [("all", Reason.ARCHIVE_DAMAGED)]


def test_an_archive_in_an_archive_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    inner = write_archive(tmp_path / "inner", "deflated", {"film": b"x"}).read_bytes()
    path = write_archive(tmp_path, "tar", {"inner.zip": inner, "good": b"y"})
    assert reasons(path) == [("inner.zip", Reason.ARCHIVE_NESTED), ("good", None)]


def encrypted(path: Path) -> None:
    data = bytearray(zip_of(path, {"film": b"x"}, zipfile.ZIP_STORED).read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)


def deflate64(path: Path) -> None:
    data = bytearray(zip_of(path, {"film": b"x"}, zipfile.ZIP_STORED).read_bytes())
    for signature, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(signature) + method] = 9
    path.write_bytes(data)


def lzma_method(path: Path) -> None:
    zip_of(path, {"film": b"x"}, zipfile.ZIP_LZMA)


def flipped(path: Path) -> None:
    data = bytearray(zip_of(path, {"film": bytes(range(200))}, zipfile.ZIP_STORED).read_bytes())
    data[80] ^= 1
    path.write_bytes(data)


BAD_ENTRY = {
    "a password": (encrypted, Reason.ARCHIVE_ENCRYPTED),
    "a method that is not read": (deflate64, Reason.ARCHIVE_UNSUPPORTED),
    "a method that asks for memory": (lzma_method, Reason.ARCHIVE_UNSUPPORTED),
    "a checksum that is wrong": (flipped, Reason.ARCHIVE_DAMAGED),
}


@pytest.mark.parametrize(("write", "reason"), BAD_ENTRY.values(), ids=BAD_ENTRY.keys())
def test_an_entry_that_cannot_be_read_says_why(tmp_path: Path, write: Callable[[Path], None], reason: Reason) -> None:
    write(tmp_path / "a.zip")
    assert reasons(tmp_path / "a.zip") == [("film", reason)]


@pytest.mark.parametrize("kind", [*PACKERS, *ZIP_METHODS])
@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_a_cut_archive_is_refused_and_what_was_read_before_counts(
    tmp_path: Path, films: dict[str, bytes], kind: str, share: float
) -> None:
    path = write_archive(tmp_path, kind, {str(number): os.urandom(900) for number in range(9)})
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    read = reasons(path, Limits())
    assert read[-1] == ("all", Reason.ARCHIVE_DAMAGED)
    assert all(reason is None for _, reason in read[:-1])


def test_a_tar_damaged_in_the_middle_does_not_end_in_silence(tmp_path: Path) -> None:
    data = bytearray(tar_bytes({"a": b"x" * 600, "b": b"y" * 600}, tarfile.GNU_FORMAT))
    data[1536 + 10] ^= 0xFF  # in the second header
    (tmp_path / "a.tar").write_bytes(data)
    assert reasons(tmp_path / "a.tar") == [("a", None), ("all", Reason.ARCHIVE_DAMAGED)]


@pytest.mark.parametrize("kind", PACKERS)
def test_tars_that_were_joined_do_not_end_in_silence(tmp_path: Path, kind: str) -> None:
    joined = tar_bytes({"a": b"x" * 600}) + tar_bytes({"b": b"y" * 600})
    (tmp_path / "a").write_bytes(PACKERS[kind](joined))
    assert reasons(tmp_path / "a", Limits()) == [("a", None), ("all", Reason.ARCHIVE_DAMAGED)]


def test_zips_that_were_joined_do_not_end_in_silence(tmp_path: Path) -> None:
    parts = [zip_of(tmp_path / f"{name}.zip", {name: b"x" * 600}).read_bytes() for name in "ab"]
    (tmp_path / "joined").write_bytes(b"".join(parts))
    assert reasons(tmp_path / "joined", Limits()) == [("b", None), ("all", Reason.ARCHIVE_DAMAGED)]


def test_a_zip_behind_a_program_that_unpacks_it_is_a_whole_one(tmp_path: Path) -> None:
    (tmp_path / "a.exe").write_bytes(b"MZ" * 50 + zip_of(tmp_path / "a.zip", {"a": b"x" * 600}).read_bytes())
    assert [found.reason for found in read_zip(tmp_path / "a.exe", Limits())] == [None]


def test_what_a_folder_of_a_zip_holds_itself_is_accounted_for(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"folder/": b"", "odd/": b"x", "film": b"y"})
    assert reasons(path) == [("odd", Reason.UNREADABLE), ("film", None)]


def test_a_negative_size_does_not_hang(tmp_path: Path) -> None:
    header = bytearray(header_of("film").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 12
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:512]))
    (tmp_path / "a.tar").write_bytes(header + bytes(10240))
    assert reasons(tmp_path / "a.tar") == [("all", Reason.ARCHIVE_DAMAGED)]


UNSUPPORTED = {
    "7-Zip": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    "RAR": b"Rar!\x1a\x07\x01\0" + bytes(100),
    "gzip of a text": gzip.compress(b"no tar " * 300),
}


@pytest.mark.parametrize("data", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_an_archive_that_is_not_read_says_what_to_do(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "archive").write_bytes(data)
    dicom(tmp_path / "source" / "film", 1)
    account = bring(tmp_path / "source", tmp_path / "data", OneLabel("spine"))
    assert (account.imported["spine"], account.refused) == (1, {Reason.ARCHIVE_UNSUPPORTED: 1})


def test_the_pictures_of_a_document_are_no_films(tmp_path: Path, films: dict[str, bytes]) -> None:
    (tmp_path / "source").mkdir()
    zip_of(tmp_path / "source" / "a.docx", {"[Content_Types].xml": b"<x/>", "word/1.png": films["export/adult/2"]})
    assert bring(tmp_path / "source", tmp_path / "data", OneLabel("spine")).refused == {Reason.NOT_DICOM: 1}


def test_a_film_whose_preamble_looks_like_an_archive_is_a_film(tmp_path: Path) -> None:
    film = dicom(tmp_path / "source" / "film", 1)
    film.write_bytes(b"PK\x03\x04" + film.read_bytes()[4:])
    assert bring(tmp_path / "source", tmp_path / "data", OneLabel("spine")).imported["spine"] == 1
