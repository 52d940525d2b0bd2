"""Small sound films to be damaged: each transfer syntax, and each part of a header that changes how they are read."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import imagecodecs
import numpy as np
from dicom.files import (
    BASELINE,
    BIG_ENDIAN,
    CR,
    DEFLATED,
    DX_FOR_PROCESSING,
    ENCODERS,
    EXTENDED,
    IMPLICIT,
    JPEG_2000,
    JPEG_LS,
    RLE,
    file_bytes,
    film,
    native_bytes,
    write_film,
)
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian

LARGEST_REAL_FILM: Final = 4 << 20

GREY: Final = (np.add.outer(np.arange(40) * 7, np.arange(36)) * 11 % 4096).astype("u2")
BYTES: Final = (GREY >> 4).astype("u1")
COLOUR: Final = np.stack([BYTES, BYTES[::-1], BYTES[:, ::-1]], -1)
SIGNED: Final = GREY.astype("i2") - 2048

USUAL: Final = {"WindowCenter": 2048, "WindowWidth": 4096, "PatientAge": "045Y", "PixelSpacing": [0.1, 0.2]}
SHUTTERS: Final = {
    "ShutterShape": ["RECTANGULAR", "CIRCULAR", "POLYGONAL"],
    "ShutterLeftVerticalEdge": 2,
    "ShutterRightVerticalEdge": 30,
    "ShutterUpperHorizontalEdge": 2,
    "ShutterLowerHorizontalEdge": 30,
    "CenterOfCircularShutter": [16, 16],
    "RadiusOfCircularShutter": 15,
    "VerticesOfThePolygonalShutter": [1, 1, 1, 30, 30, 30, 30, 1],
}
PADDING: Final = {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 100}


def lut() -> Dataset:
    """Return the item of a lookup table for all that 12 bits hold."""
    ds = Dataset()
    ds.add_new("LUTDescriptor", "US", [4096, 0, 16])
    ds.add_new("LUTData", "OW", (np.arange(4096, dtype="<u2") * 16).tobytes())
    return ds


def palette() -> dict[str, Any]:
    """Return the tables of a palette image."""
    tables: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"{colour}PaletteColorLookupTableData"] = np.arange(256, dtype="<u2").tobytes()
    return tables


# Array, transfer syntax, attributes: what the plain films of each syntax below do not have.
SPECIAL: Final[dict[str, tuple[np.ndarray, str, dict[str, Any]]]] = {
    "signed": (SIGNED, ExplicitVRLittleEndian, {**PADDING, "RescaleSlope": 2, "RescaleIntercept": -100}),
    "shutters": (GREY, ExplicitVRLittleEndian, {**SHUTTERS, "PhotometricInterpretation": "MONOCHROME1"}),
    "luts": (GREY, IMPLICIT, {"ModalityLUTSequence": [lut()], "VOILUTSequence": [lut(), lut()]}),
    "for processing": (GREY, BIG_ENDIAN, {"SOPClassUID": DX_FOR_PROCESSING, "PixelIntensityRelationship": "LIN"}),
    "32 bits": (GREY.astype("u4") << 12, ExplicitVRLittleEndian, {}),
    "palette": (BYTES, ExplicitVRLittleEndian, palette()),
    "colour": (COLOUR, ExplicitVRLittleEndian, {}),
    "colour, RLE": (COLOUR, RLE, {"PlanarConfiguration": 1}),
    "colour, JPEG": (COLOUR, BASELINE, {"PhotometricInterpretation": "YBR_FULL_422"}),
    "colour, JPEG-LS": (COLOUR, JPEG_LS, {}),
    "colour, JPEG 2000": (COLOUR, JPEG_2000, {"PhotometricInterpretation": "YBR_ICT"}),
}


def seeds(real: Iterable[Path] = ()) -> dict[str, bytes]:
    """Return the films by name, and those of ``real`` that are small."""
    small = [path for path in sorted(real) if path.stat().st_size <= LARGEST_REAL_FILM]
    return {**_plain(), **_special(), **_other_containers(), **{path.name: path.read_bytes() for path in small}}


def _plain() -> dict[str, bytes]:
    """Return a film of 12 or 8 bits in each transfer syntax."""
    syntaxes = [ExplicitVRLittleEndian, IMPLICIT, BIG_ENDIAN, DEFLATED, *ENCODERS]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film"
        return {
            str(syntax): write_film(path, *_depth(syntax), **USUAL, **PADDING).read_bytes() for syntax in syntaxes
        } | {
            "12 bits": write_film(path, GREY, EXTENDED, BitsStored=12).read_bytes(),
        }


def _depth(syntax: str) -> tuple[np.ndarray, str]:
    return (BYTES if syntax in (BASELINE, EXTENDED) else GREY), syntax


def _special() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film"
        return {
            name: write_film(path, array, syntax, **attributes).read_bytes()
            for name, (array, syntax, attributes) in SPECIAL.items()
        }


def _other_containers() -> dict[str, bytes]:
    """Return a data set without a preamble, a JP2 in DICOM, and PNG and JPEG exports."""
    whole = file_bytes(film(GREY), native_bytes(GREY), IMPLICIT)
    jp2 = imagecodecs.jpeg2k_encode(GREY, 0, codecformat="jp2", reversible=True)
    return {
        "no preamble": whole[whole.index(b"\x08\x00\x16\x00\x1a") :],
        "JP2": file_bytes(film(GREY, SOPClassUID=CR), encapsulate([jp2]), JPEG_2000),
        "png": _export(Image.fromarray(BYTES), "PNG"),
        "png, 16 bits": _export(Image.fromarray(GREY), "PNG"),
        "png, palette": _export(Image.fromarray(COLOUR).quantize(16), "PNG"),
        "png, transparent": _export(Image.fromarray(COLOUR).convert("RGBA"), "PNG"),
        "jpeg": _export(Image.fromarray(BYTES), "JPEG"),
        "jpeg, colour": _export(Image.fromarray(COLOUR), "JPEG", progressive=True, exif=_turned()),
        "jpeg, CMYK": _export(Image.fromarray(COLOUR).convert("CMYK"), "JPEG"),
    }


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _export(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
