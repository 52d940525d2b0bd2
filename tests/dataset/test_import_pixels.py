"""What is stored decodes to the same pixels as what came, and means the same."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from conftest import ROOT
from dataset.hospital import SIDE, bring, dicom, jpeg, pixels, png
from dicom.files import BIG_ENDIAN, DEFLATED, ENCODERS, IMPLICIT, file_bytes, film, write_film
from PIL import Image
from pydicom.datadict import keyword_dict
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from dicom_router.dataset.importing.allowed import KEPT, KEPT_IN_ITEMS, KEPT_OF_EMBEDDED_OVERLAYS
from dicom_router.dataset.importing.labelling import OneLabel
from dicom_router.dataset.importing.stripping import strip_jpeg, strip_png
from dicom_router.dicom.fragments import join_fragments
from dicom_router.dicom.reading import read


def stored(source: Path, data: Path) -> Path:
    """Import the one film in ``source`` and return where it is stored."""
    assert bring(source, data, OneLabel("spine")).imported["spine"] == 1
    return next(file for file in (data / "images").rglob("*") if file.is_file())


def assert_same_film(before: Path, after: Path) -> None:
    one, other = read(before), read(after)
    assert np.array_equal(one.pixels, other.pixels)
    assert (one.valid is None) == (other.valid is None)
    assert one.valid is None or other.valid is None or np.array_equal(one.valid, other.valid)
    assert one.header == other.header


def lut(first: int, entries: list[int]) -> Sequence:
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, 16]
    item["LUTDescriptor"].VR = "US"
    item.ModalityLUTType = "US"
    item.LUTExplanation = "for Doe^Jane"
    item.LUTData = np.array(entries, "<u2").tobytes()
    item["LUTData"].VR = "OW"
    return Sequence([item])


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, IMPLICIT, DEFLATED, BIG_ENDIAN, *ENCODERS])
def test_coded_pixels_of_every_transfer_syntax_stay_byte_for_byte(tmp_path: Path, syntax: str) -> None:
    (tmp_path / "export").mkdir()
    array = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE)).astype("u1")
    before = write_film(
        tmp_path / "export" / "film", array, syntax, PatientAge="031Y", Manufacturer="Siemens Healthineers AG"
    )
    after = stored(tmp_path / "export", tmp_path / "data")
    assert pydicom.dcmread(after).file_meta.TransferSyntaxUID == syntax
    assert coded(after) == coded(before)
    assert_same_film(before, after)


def coded(path: Path) -> bytes:
    """Return the pixel data, of a codestream only what follows its headers: from the first scan or tile on."""
    value = bytes(pydicom.dcmread(path).PixelData)
    if not value.startswith(b"\xfe\xff\x00\xe0"):
        return value
    frame = join_fragments(memoryview(value)).rstrip(b"\0")
    start = {b"\xff\xd8": b"\xff\xda", b"\xff\x4f": b"\xff\x93"}.get(frame[:2], b"")
    return frame[frame.index(start) :]


MEANINGS: dict[str, dict[str, Any]] = {
    "inverted": {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
    "windows": {"WindowCenter": [2048, 100], "WindowWidth": [1000, 10], "VOILUTFunction": "SIGMOID"},
    "rescaled": {"RescaleSlope": "2", "RescaleIntercept": "-1024", "RescaleType": "US"},
    "padding": {"PixelPaddingValue": 7, "PixelPaddingRangeLimit": 200},
    "signed": {"PixelRepresentation": 1, "PixelPaddingValue": -5},
    "spacing": {"ImagerPixelSpacing": ["0.2", "0.1"]},
    "shutter": {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [12, 12], "RadiusOfCircularShutter": "8"},
    "polygon": {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 1, 20, 20, 20]},
    "modality LUT": {"ModalityLUTSequence": lut(0, list(range(4096, 0, -1)))},
    "VOI LUT": {"VOILUTSequence": lut(65000, list(range(4096)))},
    "for processing": {"PresentationIntentType": "FOR PROCESSING", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1"},
}


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("attributes", MEANINGS.values(), ids=MEANINGS.keys())
def test_what_changes_the_shown_pixels_is_kept(tmp_path: Path, attributes: dict[str, Any], syntax: str) -> None:
    (tmp_path / "export").mkdir()
    array = pixels(1, "i2" if attributes.get("PixelRepresentation") else "u2")
    before = write_film(tmp_path / "export" / "film", array, syntax, BitsStored=12, **attributes)
    assert_same_film(before, stored(tmp_path / "export", tmp_path / "data"))


def test_a_palette_is_kept(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    ds = film(pixels(1, "u1"), PhotometricInterpretation="PALETTE COLOR")
    for number, colour in enumerate(("Red", "Green", "Blue")):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        ds[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
        table = np.random.default_rng(number).integers(0, 65536, 256).astype("<u2").tobytes()
        setattr(ds, f"{colour}PaletteColorLookupTableData", table)
    before = tmp_path / "export" / "film"
    before.write_bytes(file_bytes(ds, pixels(1, "u1").tobytes()))
    assert_same_film(before, stored(tmp_path / "export", tmp_path / "data"))


def test_a_bare_data_set_becomes_a_file(tmp_path: Path) -> None:
    before = dicom(tmp_path / "export" / "film", 1)
    whole = before.read_bytes()
    meta = 132 + 12 + int.from_bytes(whole[140:144], "little")
    before.write_bytes(whole[meta:])
    after = stored(tmp_path / "export", tmp_path / "data")
    assert np.array_equal(read(before).pixels, read(after).pixels)
    assert after.read_bytes()[:132] == b"\0" * 128 + b"DICM"


def test_a_forgotten_sequence_delimiter_is_put_right(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    before = write_film(tmp_path / "export" / "film", pixels(1, "u1"), next(iter(ENCODERS)))
    before.write_bytes(before.read_bytes()[:-8])
    after = stored(tmp_path / "export", tmp_path / "data")
    assert np.array_equal(read(before).pixels, read(after).pixels)


IMAGES: dict[str, Callable[[Path], Path]] = {
    "grey png": lambda path: png(path, 1),
    "png with gamma and spacing": lambda path: png(path, 1, dpi=(300, 150)),
    "interlaced size": lambda path: save(path, Image.fromarray(pixels(1, "u1")), "PNG", optimize=True),
    "png of 16 bits": lambda path: save(path, Image.fromarray(pixels(1, "u2")), "PNG"),
    "png with palette": lambda path: save(path, colour().quantize(16), "PNG"),
    "png with a transparent colour": lambda path: save(path, colour().quantize(16), "PNG", transparency=3),
    "png in colour with alpha": lambda path: save(path, colour().convert("RGBA"), "PNG"),
    "png of one bit": lambda path: save(path, Image.fromarray(pixels(1, "u1")).convert("1"), "PNG"),
    "grey jpeg": lambda path: jpeg(path, 1),
    "progressive jpeg": lambda path: jpeg(path, 1, progressive=True),
    "jpeg with restarts": lambda path: jpeg(path, 1, restart_marker_blocks=1),
    "jpeg in colour": lambda path: save(path, colour(), "JPEG", quality=70),
    "jpeg in four inks": lambda path: save(path, colour().convert("CMYK"), "JPEG"),
    "jpeg in RGB": lambda path: save(path, colour(), "JPEG", keep_rgb=True),
}


def colour() -> Image.Image:
    """Return a small image in colour."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3)).astype("u1"))


def save(path: Path, image: Image.Image, kind: str, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, kind, **options)
    return path


@pytest.mark.parametrize("write", IMAGES.values(), ids=IMAGES.keys())
def test_pixels_of_images_stay_as_they_are(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    before = write(tmp_path / "export" / "film")
    after = stored(tmp_path / "export", tmp_path / "data")
    with Image.open(before) as one, Image.open(after) as other:
        assert one.mode == other.mode
        assert np.array_equal(np.asarray(one), np.asarray(other))
    assert_same_film(before, after)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("write", [png, jpeg])
def test_an_image_is_not_turned_by_being_imported(tmp_path: Path, write: Callable[..., Path], orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "Doe, Jane"
    before = write(tmp_path / "export" / "film", 1, exif=exif.tobytes())
    after = stored(tmp_path / "export", tmp_path / "data")
    assert_same_film(before, after)
    assert b"Doe" not in after.read_bytes()


def test_stripping_twice_is_stripping_once(tmp_path: Path) -> None:
    for strip, write in ((strip_png, png), (strip_jpeg, jpeg)):
        exif = Image.Exif()
        exif[0x0112] = 6
        once = strip(write(tmp_path / "film", 1, exif=exif.tobytes()).read_bytes())
        assert strip(once) == once
        Image.open(BytesIO(once)).load()


# Read from the header, and not needed in it: written anew, in the file meta information, or never in an accepted film.
NOT_COPIED = {
    "PatientAge", "ImageComments", "MediaStorageSOPClassUID", "TransferSyntaxUID", "FloatPixelData",
    "DoubleFloatPixelData", "PixelData",
}  # fmt: skip


def test_every_attribute_that_the_reader_uses_is_kept() -> None:
    kept = {keyword for group in (*KEPT.values(), *KEPT_IN_ITEMS.values()) for keyword in group}
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "src/dicom_router/dicom").glob("*.py"))
    used = {keyword for keyword in keyword_dict if keyword and f'"{keyword}"' in source}
    assert "WindowCenter" in used
    assert used - kept - NOT_COPIED - set(KEPT_OF_EMBEDDED_OVERLAYS.values()) == set()
