"""Every file that is no film gets a reason, and the next one is read."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dataset.hospital import bring, dicom, jpeg, png
from dicom.files import CT, RLE, file_bytes, film, write_film
from PIL import Image

from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import OneLabel, TableLabels
from dicom_router.reasons import Reason

SR, PDF, DICOMDIR = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.1.3.10"


def without_pixels(path: Path, sop_class: str, modality: str) -> None:
    path.write_bytes(file_bytes(film(np.zeros((16, 16), "u2"), SOPClassUID=sop_class, Modality=modality), None))


def cut(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])


def cut_dicom(path: Path) -> None:
    cut(dicom(path, 1), 0.7)


def cut_rle(path: Path) -> None:
    cut(write_film(path, np.arange(1024, dtype="u2").reshape(32, 32), RLE), 0.7)


def cut_png(path: Path) -> None:
    cut(png(path, 1), 0.7)


def cut_jpeg(path: Path) -> None:
    cut(jpeg(path, 1), 0.7)


def damaged_png(path: Path) -> None:
    whole = bytearray(png(path, 1).read_bytes())
    whole[-20] ^= 0xFF
    path.write_bytes(whole)


def animated_png(path: Path) -> None:
    frames = [Image.new("L", (32, 32), grey) for grey in (0, 255)]
    frames[0].save(path, "PNG", save_all=True, append_images=frames[1:])


BAD: dict[str, tuple[Callable[[Path], object], Reason]] = {
    "text": (lambda path: path.write_text("no film " * 100), Reason.NOT_DICOM),
    "tiff": (lambda path: Image.new("L", (32, 32)).save(path, "TIFF"), Reason.NOT_DICOM),
    "empty": (lambda path: path.touch(), Reason.EMPTY),
    "truncated dicom": (cut_dicom, Reason.TRUNCATED),
    "truncated frame": (cut_rle, Reason.TRUNCATED),
    "truncated png": (cut_png, Reason.TRUNCATED),
    "truncated jpeg": (cut_jpeg, Reason.TRUNCATED),
    "damaged png": (damaged_png, Reason.CORRUPT),
    "animated png": (animated_png, Reason.MULTI_FRAME),
    "no pixels": (lambda path: without_pixels(path, "1.2.840.10008.5.1.4.1.1.1", "CR"), Reason.NO_PIXELS),
    "huge": (lambda path: dicom(path, 1, Rows=60000, Columns=60000), Reason.TOO_LARGE),
    "multi-frame": (lambda path: dicom(path, 1, NumberOfFrames=3), Reason.MULTI_FRAME),
    "CT": (lambda path: dicom(path, 1, SOPClassUID=CT, Modality="CT"), Reason.NOT_A_RADIOGRAPH),
    "SR": (lambda path: without_pixels(path, SR, "SR"), Reason.NOT_A_RADIOGRAPH),
    "PDF": (lambda path: without_pixels(path, PDF, "DOC"), Reason.NOT_A_RADIOGRAPH),
    "DICOMDIR": (lambda path: without_pixels(path, DICOMDIR, ""), Reason.NOT_A_RADIOGRAPH),
    "pipe": (os.mkfifo, Reason.UNREADABLE),
    "broken link": (lambda path: path.symlink_to("nowhere"), Reason.MISSING_FILE),
    "link to a folder": (lambda path: path.symlink_to(".."), Reason.OUTSIDE_SOURCE),
}


@pytest.mark.parametrize(("write", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_and_the_next_one_taken(
    tmp_path: Path, write: Callable[[Path], object], reason: Reason
) -> None:
    source = tmp_path / "export"
    source.mkdir()
    write(source / "bad")
    dicom(source / "good", 2)
    account = bring(source, tmp_path / "data", OneLabel("spine"))
    assert (account.seen, account.imported["spine"], account.refused) == (2, 1, {reason: 1})
    assert (tmp_path / "refused.csv").read_text().splitlines()[1].startswith(f"{source / 'bad'},{reason},")


def test_a_folder_that_is_no_class_is_an_unknown_label(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "knee" / "film", 1)
    assert bring(tmp_path / "export", tmp_path / "data").refused == {Reason.UNKNOWN_LABEL: 1}


def test_what_is_no_film_is_not_blamed_on_its_label(tmp_path: Path) -> None:
    (tmp_path / "export" / "knee").mkdir(parents=True)
    (tmp_path / "export" / "knee" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 200)
    assert bring(tmp_path / "export", tmp_path / "data").refused == {Reason.NOT_DICOM: 1}


def test_names_that_are_not_ascii_come_in(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "spine" / "Müller, 患者 №1" / "Röntgen 1.dcm", 1)
    assert bring(tmp_path / "export", tmp_path / "data").imported["spine"] == 1


def test_a_refused_name_that_is_no_utf8_is_listed_escaped(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    os.close(os.open(os.fsencode(tmp_path / "export") + b"/M\xfcller", os.O_CREAT | os.O_WRONLY))
    assert bring(tmp_path / "export", tmp_path / "data").refused == {Reason.EMPTY: 1}
    assert "M\\udcfcller,empty" in (tmp_path / "refused.csv").read_text(encoding="utf-8")


def test_a_row_and_a_file_without_each_other_are_both_refused(tmp_path: Path) -> None:
    source = tmp_path / "export"
    dicom(source / "images" / "listed", 1)
    dicom(source / "images" / "forgotten", 2)
    dicom(tmp_path / "elsewhere", 3)
    dicom(source / "images" / "odd", 4)
    table = source / "labels.csv"
    table.write_text("path,label\nimages/listed,spine\nimages/gone,spine\n../elsewhere,spine\nimages/odd,knee\n")
    content = read_label_table(table)
    labels = TableLabels(source, content.rows, content.unusable)
    account = bring(source, tmp_path / "data", labels, label_table=table)
    assert (account.seen, account.tables, account.imported["spine"]) == (6, 1, 1)
    assert account.refused == {
        Reason.NOT_LISTED: 1,
        Reason.UNKNOWN_LABEL: 1,
        Reason.OUTSIDE_SOURCE: 1,
        Reason.MISSING_FILE: 1,
    }


def test_the_refusals_of_the_run_before_are_gone(tmp_path: Path) -> None:
    source = tmp_path / "export"
    source.mkdir()
    (source / "bad").touch()
    bring(source, tmp_path / "data", OneLabel("spine"))
    (source / "bad").unlink()
    bring(source, tmp_path / "data", OneLabel("spine"))
    assert (tmp_path / "refused.csv").read_text() == "path,reason,detail\n"
