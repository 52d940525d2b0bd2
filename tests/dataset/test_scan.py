"""Reading the images: every row of labels.csv gets facts or a reason, whatever stands in the file."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset.deadly_scan import scan_one
from dataset.tiny import noise, write_film
from PIL import Image
from pydicom.uid import ComprehensiveSRStorage, CTImageStorage, EncapsulatedPDFStorage

from dicom_router.dataset import scanning
from dicom_router.dataset.scanning import Refused, Scanned, scan, scan_file, statistics, unlisted_files
from dicom_router.reasons import Reason

PATH = "images/film.dcm"
TIMEOUT = 60.0


def outcome_of_bytes(data: Path, content: bytes) -> scanning.Outcome:
    (data / "images").mkdir()
    (data / PATH).write_bytes(content)
    return scan_file(data, PATH)


def outcome_of_film(data: Path, **attributes: Any) -> scanning.Outcome:
    write_film(data / PATH, noise(0), **attributes)
    return scan_file(data, PATH)


def test_a_film_gives_hashes_header_and_statistics(tmp_path: Path) -> None:
    outcome = outcome_of_film(tmp_path, PatientAge="040Y", BodyPartExamined="CHEST")
    assert isinstance(outcome, Scanned)
    assert (outcome.header.age_years, outcome.header.BodyPartExamined) == (40.0, "CHEST")
    assert outcome.statistics.mean == pytest.approx(0.5, abs=0.02)
    assert len(outcome.sha256) == len(outcome.pixel_sha256) == 64


def test_png_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.fromarray((noise(0) >> 4).astype(np.uint8)).save(tmp_path / "images" / "film.png")
    outcome = scan_file(tmp_path, "images/film.png")
    assert isinstance(outcome, Scanned)
    assert outcome.header.file_format == "png"


def test_the_same_pixels_in_another_file_have_the_same_pixel_hash(tmp_path: Path) -> None:
    write_film(tmp_path / "images/a.dcm", noise(0))
    write_film(tmp_path / "images/b.dcm", noise(0), Manufacturer="another")
    a, b = scan_file(tmp_path, "images/a.dcm"), scan_file(tmp_path, "images/b.dcm")
    assert isinstance(a, Scanned)
    assert isinstance(b, Scanned)
    assert (a.sha256 == b.sha256, a.pixel_sha256 == b.pixel_sha256) == (False, True)


def test_the_pixel_hash_knows_the_shape(tmp_path: Path) -> None:
    write_film(tmp_path / "images/a.dcm", noise(0))
    write_film(tmp_path / "images/b.dcm", noise(0).reshape(40, 160))
    a, b = scan_file(tmp_path, "images/a.dcm"), scan_file(tmp_path, "images/b.dcm")
    assert isinstance(a, Scanned)
    assert isinstance(b, Scanned)
    assert a.pixel_sha256 != b.pixel_sha256


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", Reason.EMPTY), (b"no film " * 100, Reason.NOT_DICOM), (bytes(4096), Reason.NOT_DICOM)],
    ids=["empty", "text", "zeros"],
)
def test_a_file_that_is_no_image_is_refused(tmp_path: Path, content: bytes, reason: Reason) -> None:
    outcome = outcome_of_bytes(tmp_path, content)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


def test_a_truncated_film_is_refused(tmp_path: Path) -> None:
    outcome_of_film(tmp_path)
    content = (tmp_path / PATH).read_bytes()
    (tmp_path / PATH).write_bytes(content[: len(content) // 2])
    outcome = scan_file(tmp_path, PATH)
    assert isinstance(outcome, Refused)
    assert outcome.reason == Reason.TRUNCATED


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"SOPClassUID": CTImageStorage, "Modality": "CT"}, Reason.NOT_A_RADIOGRAPH),
        ({"SOPClassUID": ComprehensiveSRStorage, "Modality": "SR"}, Reason.NOT_A_RADIOGRAPH),
        ({"SOPClassUID": EncapsulatedPDFStorage, "Modality": "DOC"}, Reason.NOT_A_RADIOGRAPH),
        ({"NumberOfFrames": 2, "PixelData": noise(0).tobytes() * 2}, Reason.MULTI_FRAME),
        ({"Rows": 60000, "Columns": 60000}, Reason.TOO_LARGE),
        ({"PixelData": bytes(80 * 80 * 2)}, Reason.CONSTANT_IMAGE),
    ],
    ids=["CT", "SR", "PDF", "two frames", "60000x60000", "constant"],
)
def test_what_is_no_radiograph_is_refused(tmp_path: Path, attributes: dict[str, Any], reason: Reason) -> None:
    outcome = outcome_of_film(tmp_path, **attributes)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("images/nothing.dcm", Reason.MISSING_FILE),
        ("images", Reason.OUTSIDE_SOURCE),
        ("images/folder", Reason.MISSING_FILE),
        ("../images/film.dcm", Reason.OUTSIDE_SOURCE),
        ("images/../../film.dcm", Reason.OUTSIDE_SOURCE),
        ("/etc/passwd", Reason.OUTSIDE_SOURCE),
        ("labels.csv", Reason.OUTSIDE_SOURCE),
        ("", Reason.OUTSIDE_SOURCE),
        ("images/\0", Reason.OUTSIDE_SOURCE),
        ("images/" + "x" * 300, Reason.UNREADABLE),
    ],
)
def test_a_path_without_a_readable_file_is_refused(tmp_path: Path, path: str, reason: Reason) -> None:
    (tmp_path / "images" / "folder").mkdir(parents=True)
    outcome = scan_file(tmp_path, path)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


def test_a_link_to_a_cached_file_is_followed(tmp_path: Path) -> None:
    write_film(tmp_path / "cache" / "film", noise(0))
    (tmp_path / "images").mkdir()
    (tmp_path / PATH).symlink_to(tmp_path / "cache" / "film")
    assert isinstance(scan_file(tmp_path, PATH), Scanned)


def test_names_of_any_script_are_read(tmp_path: Path) -> None:
    write_film(tmp_path / "images/Łódź 胸部 ü.dcm", noise(0))
    assert isinstance(scan_file(tmp_path, "images/Łódź 胸部 ü.dcm"), Scanned)


def test_statistics_count_black_white_and_contrast() -> None:
    seen = statistics(np.repeat(np.array([0.0, 0.5, 1.0], np.float32), [50, 25, 25]))
    assert (seen.mean, seen.black_fraction, seen.white_fraction, seen.contrast) == (0.375, 0.5, 0.25, 1.0)


def test_files_that_no_row_names_are_found(tmp_path: Path) -> None:
    for name in ("a.dcm", "deep/er/b.dcm", ".hidden"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).touch()
    assert unlisted_files(tmp_path, ["images/a.dcm"]) == ["images/.hidden", "images/deep/er/b.dcm"]


def test_a_name_that_is_no_text_is_reported_in_escapes(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / os.fsdecode(b"\xff.dcm")).touch()
    assert unlisted_files(tmp_path, []) == ["images/\\udcff.dcm"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_keep_the_order_of_the_paths(tmp_path: Path, jobs: int) -> None:
    paths = [f"images/{number}.dcm" for number in range(30)]
    for number, path in enumerate(paths):
        write_film(tmp_path / path, noise(number), PatientAge=f"{number:03d}Y")
    ages = [of.header.age_years for of in scan(tmp_path, paths, jobs, TIMEOUT) if isinstance(of, Scanned)]
    assert ages == [float(number) for number in range(30)]


def test_decoders_that_die_or_hang_cost_a_file_each(tmp_path: Path) -> None:
    paths = [f"images/{name}" for name in ("a", "segfault", "b", "c", "hang", "d")]
    outcomes = scan(tmp_path, paths, 2, 2.0, scan_one)
    fine, crashed, late = Reason.EMPTY, Reason.DECODER_CRASHED, Reason.DECODER_TIMEOUT
    assert [of.reason for of in outcomes if isinstance(of, Refused)] == [fine, crashed, fine, fine, late, fine]
