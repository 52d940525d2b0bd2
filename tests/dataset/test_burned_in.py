"""Films that may have text in their pixels come in only where somebody says that this is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dataset.hospital import SIDE, bring, dicom, pixels
from dicom.files import JPEG_2000_LOSSLESS, LOSSLESS_SV1, RLE, SECONDARY_CAPTURE, file_bytes, film, write_film
from pydicom.dataset import Dataset

from dicom_router.dataset.importing.labelling import OneLabel
from dicom_router.dicom.overlays import embedded_bits
from dicom_router.dicom.reading import read
from dicom_router.reasons import Reason

SPINE = OneLabel("spine")
RAMP = np.add.outer(np.arange(SIDE), np.arange(SIDE)).astype("u2")
FEARED: dict[str, dict[str, Any]] = {
    "stated": {"BurnedInAnnotation": "YES"},
    "secondary capture": {"SOPClassUID": SECONDARY_CAPTURE},
    "grey multi-frame secondary capture": {"SOPClassUID": f"{SECONDARY_CAPTURE}.2"},
    "digitized film": {"ConversionType": "DF"},
    "scanned document": {"ConversionType": "SD"},
    "scanned image": {"ConversionType": "SI"},
    "video": {"ConversionType": "DV"},
    "workstation": {"ConversionType": "WSD"},
    "film as detector": {"DetectorType": "FILM"},
    "spacing of a scanner": {"NominalScannedPixelSpacing": ["0.1", "0.1"]},
    "screen": {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
}
HARMLESS: dict[str, dict[str, Any]] = {
    "stated": {"BurnedInAnnotation": "NO"},
    "not stated": {},
    "digital": {"ConversionType": "DI"},
    "detector": {"DetectorType": "SCINTILLATOR", "ImageType": ["ORIGINAL", "PRIMARY"]},
}


def embedded_overlay() -> Dataset:
    """Return a film with an overlay in bit 15 of its words."""
    ds = film(pixels(1), BitsStored=12)
    for element, representation, value in (
        (0x10, "US", SIDE), (0x11, "US", SIDE), (0x40, "CS", "G"), (0x50, "SS", [1, 1]),
        (0x100, "US", 16), (0x102, "US", 15), (0x22, "LO", "Doe^Jane"),
    ):  # fmt: skip
        ds.add_new((0x6000, element), representation, value)
    return ds


@pytest.mark.parametrize("attributes", FEARED.values(), ids=FEARED.keys())
def test_what_may_have_text_in_the_pixels_is_refused_unless_allowed(tmp_path: Path, attributes: dict[str, Any]) -> None:
    dicom(tmp_path / "export" / "film", 1, **attributes)
    assert bring(tmp_path / "export", tmp_path / "data", SPINE).refused == {Reason.BURNED_IN_TEXT: 1}
    assert not (tmp_path / "data").exists()
    assert bring(tmp_path / "export", tmp_path / "data", SPINE, allow_burned_in=True).imported["spine"] == 1


@pytest.mark.parametrize("attributes", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_gives_no_reason_to_fear_it_comes_in(tmp_path: Path, attributes: dict[str, Any]) -> None:
    dicom(tmp_path / "export" / "film", 1, **attributes)
    assert bring(tmp_path / "export", tmp_path / "data", SPINE).imported["spine"] == 1


def test_a_file_that_was_allowed_still_says_that_it_has_text(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "film", 1, BurnedInAnnotation="YES")
    bring(tmp_path / "export", tmp_path / "data", SPINE, allow_burned_in=True)
    assert pydicom.dcmread(next((tmp_path / "data").rglob("*.dcm"))).BurnedInAnnotation == "YES"


def test_a_missing_label_is_told_before_text_in_the_pixels(tmp_path: Path) -> None:
    dicom(tmp_path / "export" / "knee" / "film", 1, BurnedInAnnotation="YES")
    assert bring(tmp_path / "export", tmp_path / "data").refused == {Reason.UNKNOWN_LABEL: 1}


@pytest.mark.parametrize("syntax", [RLE, LOSSLESS_SV1, JPEG_2000_LOSSLESS])
def test_an_overlay_in_compressed_pixels_is_refused_unless_allowed(tmp_path: Path, syntax: str) -> None:
    (tmp_path / "export").mkdir()
    source = tmp_path / "export" / "film"
    write_film(source, pixels(1), syntax)
    frame = pydicom.dcmread(source).PixelData
    source.write_bytes(file_bytes(embedded_overlay(), frame, syntax))
    assert bring(tmp_path / "export", tmp_path / "data", SPINE).refused == {Reason.BURNED_IN_TEXT: 1}
    bring(tmp_path / "export", tmp_path / "data", SPINE, allow_burned_in=True)
    stored = next((tmp_path / "data").rglob("*.dcm"))
    assert embedded_bits(pydicom.dcmread(stored)) == 1 << 15
    assert np.array_equal(read(stored).pixels, read(source).pixels)


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "forgotten"])
def test_an_overlay_in_native_pixels_is_cleared_and_the_film_reads_the_same(tmp_path: Path, stated: bool) -> None:
    (tmp_path / "export").mkdir()
    source = tmp_path / "export" / "film"
    smooth = RAMP * 80
    drawn = smooth | (np.eye(SIDE, dtype="u2") << 15)
    source.write_bytes(file_bytes(embedded_overlay() if stated else film(drawn, BitsStored=12), drawn.tobytes()))
    assert bring(tmp_path / "export", tmp_path / "data", SPINE).imported["spine"] == 1
    ds = pydicom.dcmread(stored := next((tmp_path / "data").rglob("*.dcm")))
    assert np.array_equal(np.frombuffer(ds.PixelData, "<u2").reshape(SIDE, SIDE), smooth)
    assert not [element for element in ds if element.tag.group == 0x6000]
    assert np.array_equal(read(stored).pixels, read(source).pixels)


@pytest.mark.parametrize(
    ("values", "attributes"),
    [
        (RAMP * 800, {"BitsStored": 12}),
        (RAMP.astype("i2") - SIDE, {"BitsStored": 12, "PixelRepresentation": 1}),
        (np.where(np.eye(SIDE), 0xFFFF, 100).astype("u2"), {"BitsStored": 12, "PixelPaddingValue": 0xFFFF}),
        (pixels(1) << 4, {"BitsStored": 12, "HighBit": 15}),
    ],
    ids=["BitsStored is wrong", "the sign is extended", "padding", "at the upper end"],
)  # fmt: skip
def test_bits_that_are_read_stay(tmp_path: Path, values: np.ndarray, attributes: dict[str, Any]) -> None:
    (tmp_path / "export").mkdir()
    source = write_film(tmp_path / "export" / "film", values, **attributes)
    bring(tmp_path / "export", tmp_path / "data", SPINE)
    stored = next((tmp_path / "data").rglob("*.dcm"))
    assert pydicom.dcmread(stored).PixelData == values.tobytes()
    assert np.array_equal(read(stored).pixels, read(source).pixels)
