"""The files: DICOM that other programs and this package read, and a header that tells nothing of the class."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from programs import require_program

from dicom_router.dicom.reading import read
from dicom_router.sample.coding import SYNTAXES
from dicom_router.sample.cohort import Order, plan
from dicom_router.sample.dicom_file import CRHeader, DXHeader, dicom_bytes
from dicom_router.sample.hospital import INTERNAL, Coding
from dicom_router.sample.making import film_of
from dicom_router.sample.storing import Storage, draw_storage, stored_values

# dcm2pnm as it is, and as it is built with the decoders of JPEG and of JPEG-LS.
CONVERTERS: dict[Coding, str] = {
    "jpeg_lossless": "dcmj2pnm",
    "jpeg": "dcmj2pnm",
    "jpeg_12": "dcmj2pnm",
    "jpeg_ls": "dcml2pnm",
}
LOSSLESS: tuple[Coding, ...] = ("explicit", "implicit", "rle", "jpeg_lossless", "jpeg_ls")
BITS = {"jpeg": 8, "jpeg_12": 12}

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def order() -> Order:
    return next(order for order in plan(1, 100) if order.label == "adult_chest")


@pytest.fixture(scope="module")
def film(order: Order) -> np.ndarray:
    return film_of(order).pixels


@pytest.fixture
def make(order: Order, film: np.ndarray, tmp_path: Path) -> Make:
    """Return a function that writes the film, stored as its arguments say, and returns the path."""

    def written(header: CRHeader | DXHeader | None = None, **storage: object) -> Path:
        chosen = _storage(order, **storage)
        path = tmp_path / "film.dcm"
        path.write_bytes(dicom_bytes(order, chosen, stored_values(film, chosen), header or CRHeader()))
        return path

    return written


def _storage(order: Order, **changes: object) -> Storage:
    plain = {"coding": "explicit", "bits": 12, "voi": "window", "low": 200, "span": 3000, "monochrome1": False}
    return replace(draw_storage(INTERNAL.archive, order.storage_dice()), **(plain | changes))


@pytest.mark.parametrize("monochrome1", [False, True])
@pytest.mark.parametrize("coding", SYNTAXES)
def test_dcmtk_reads_and_shows_every_coding(make: Make, coding: Coding, monochrome1: bool) -> None:
    programs = [require_program("dcmdump", "dcmtk"), require_program(CONVERTERS.get(coding, "dcm2pnm"), "dcmtk")]
    bits = BITS.get(coding, 12)
    path = make(coding=coding, monochrome1=monochrome1, bits=bits, low=10, span=200 if bits == 8 else 3000)
    for command in ([programs[0], "-q", path], [programs[1], path, path.with_suffix(".pgm")]):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("bits", INTERNAL.archive.bits)
@pytest.mark.parametrize("coding", LOSSLESS[1:])
def test_film_is_the_same_bit_for_bit_in_every_lossless_coding(make: Make, coding: Coding, bits: int) -> None:
    values = {"bits": bits, "low": 3, "span": (1 << bits) - 9}
    plain = read(make(coding="explicit", **values)).pixels
    assert np.array_equal(read(make(coding=coding, **values)).pixels, plain)


@pytest.mark.parametrize("monochrome1", [False, True])
@pytest.mark.parametrize(("voi", "bits"), [("window", 10), ("window", 12), ("lut", 10), ("lut", 12), ("lut", 16)])
@pytest.mark.parametrize("header", [CRHeader(), DXHeader("PA", ("L", "F"))], ids=["CR", "DX"])
def test_film_is_read_as_the_console_showed_it(
    make: Make, film: np.ndarray, header: CRHeader | DXHeader, voi: str, bits: int, monochrome1: bool
) -> None:
    low, span = (0, 1023) if voi == "lut" else (20, 900)
    path = make(header, voi=voi, bits=bits, monochrome1=monochrome1, low=low, span=span)
    assert read(path).pixels == pytest.approx(film, abs=0.01)


def test_file_says_that_it_is_synthetic(make: Make) -> None:
    path = make()
    assert pydicom.dcmread(path).ImageComments.startswith("SYNTHETIC")
    assert read(path).header.synthetic


@pytest.mark.parametrize("keyword", ["PatientAge", "PatientSize", "PatientWeight", "KVP", "StudyDescription"])
def test_attribute_that_tells_the_class_is_absent(make: Make, keyword: str) -> None:
    assert keyword not in pydicom.dcmread(make())


@pytest.mark.parametrize("header", [CRHeader(), DXHeader("LL", ("A", "F"))], ids=["CR", "DX"])
def test_required_attributes_are_there(make: Make, header: CRHeader | DXHeader) -> None:
    ds = pydicom.dcmread(make(header))
    for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality", "PatientSex"):
        assert ds[keyword].value
    assert ds.SOPInstanceUID == ds.file_meta.MediaStorageSOPInstanceUID


@pytest.mark.parametrize("coding", [coding for coding in SYNTAXES if SYNTAXES[coding].encode])
def test_size_of_a_compressed_file_does_not_depend_on_the_film(order: Order, film: np.ndarray, coding: Coding) -> None:
    bits = BITS.get(coding, 12)
    storage = _storage(order, coding=coding, bits=bits, low=10, span=150 if bits == 8 else 2500)
    files = [dicom_bytes(order, storage, stored_values(pixels, storage), CRHeader()) for pixels in (film, 0.3 * film)]
    assert abs(len(files[0]) - len(files[1])) <= 2


def test_sample_holds_what_hospitals_have(small_sample: Path, labels: pd.DataFrame) -> None:
    headers = [pydicom.dcmread(small_sample / path, stop_before_pixels=True) for path in labels["path"]]
    assert len({ds.file_meta.TransferSyntaxUID for ds in headers}) >= 6
    assert {ds.PhotometricInterpretation for ds in headers} == {"MONOCHROME1", "MONOCHROME2"}
    assert {ds.BitsStored for ds in headers} >= {8, 10, 12, 14, 16}
    assert {ds.Modality for ds in headers} == {"CR", "DX"}
    assert any("VOILUTSequence" in ds for ds in headers)
    assert any("WindowCenter" in ds for ds in headers)
    assert any("WindowCenter" not in ds and "VOILUTSequence" not in ds for ds in headers)
    assert sum(not ds.get("BodyPartExamined") for ds in headers) > 0.1 * len(headers)
    assert len({(ds.Rows, ds.Columns) for ds in headers}) > 50


def test_every_file_is_read_and_no_two_show_the_same(small_sample: Path, labels: pd.DataFrame) -> None:
    films = [read(small_sample / path) for path in labels["path"]]
    assert len({film.pixels.tobytes() for film in films}) == len(films)
    assert all(film.header.synthetic and film.pixels.std() > 0.05 for film in films)
