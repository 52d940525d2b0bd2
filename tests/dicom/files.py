"""Small DICOM files for tests, written in any transfer syntax that a PACS sends."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import imagecodecs
import numpy as np
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.reading import read

CR = "1.2.840.10008.5.1.4.1.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
DX_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT = "1.2.840.10008.5.1.4.1.1.2"

IMPLICIT = "1.2.840.10008.1.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
BASELINE = "1.2.840.10008.1.2.4.50"
EXTENDED = "1.2.840.10008.1.2.4.51"
LOSSLESS = "1.2.840.10008.1.2.4.57"
LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
HTJ2K_RPCL = "1.2.840.10008.1.2.4.202"
HTJ2K = "1.2.840.10008.1.2.4.203"
RLE = "1.2.840.10008.1.2.5"

BLOCK: Final = 4


def film(array: np.ndarray, **attributes: Any) -> Dataset:
    """Return a CR data set that shows ``array``; ``attributes`` replace or add to the usual ones, None removes."""
    bits = 8 * array.dtype.itemsize
    usual = {
        "SOPClassUID": CR,
        "SOPInstanceUID": generate_uid(entropy_srcs=["a film"]),
        "Modality": "CR",
        "Rows": array.shape[0],
        "Columns": array.shape[1],
        "SamplesPerPixel": 1 if array.ndim == 2 else 3,
        "PhotometricInterpretation": "MONOCHROME2" if array.ndim == 2 else "RGB",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "PixelRepresentation": int(array.dtype.kind == "i"),
        **({} if array.ndim == 2 else {"PlanarConfiguration": 0}),
    }
    ds = Dataset()
    with quiet(), disable_value_validation():
        for keyword, value in {**usual, **attributes}.items():
            if value is not None:
                setattr(ds, keyword, value)
    if "HighBit" not in attributes and ds.get("BitsStored"):
        ds.HighBit = ds.BitsStored - 1
    return ds


def window(low: float, high: float) -> dict[str, Any]:
    """Return the attributes of an exact linear window from ``low`` to ``high``."""
    return {"WindowCenter": (low + high) / 2, "WindowWidth": high - low, "VOILUTFunction": "LINEAR_EXACT"}


def file_bytes(ds: Dataset, pixels: bytes | None, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return a DICOM file of ``ds`` whose PixelData are ``pixels``, as native or encapsulated as they come."""
    native = syntax in (IMPLICIT, ExplicitVRLittleEndian, DEFLATED, BIG_ENDIAN)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", CR)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", generate_uid(entropy_srcs=["a film"]))
    if pixels is not None:
        ds.PixelData = pixels
        ds["PixelData"].VR = "OW" if native and (syntax == IMPLICIT or ds.get("BitsAllocated", 16) > 8) else "OB"
        ds["PixelData"].is_undefined_length = not native
    stream = BytesIO()
    with quiet(), disable_value_validation():
        ds.save_as(stream, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG_ENDIAN, enforce_file_format=True)
    return stream.getvalue()


def native_bytes(array: np.ndarray, big_endian: bool = False) -> bytes:
    """Return the native value of ``array``, padded to an even length."""
    value = array.astype(array.dtype.newbyteorder(">" if big_endian else "<")).tobytes()
    return value + b"\0" * (len(value) % 2)


def write_film(path: Path, array: np.ndarray, syntax: str = ExplicitVRLittleEndian, **attributes: Any) -> Path:
    """Write ``array`` as a DICOM file in ``syntax`` and return its path."""
    ds = film(array, **attributes)
    if syntax in ENCODERS:
        pixels = encapsulate([ENCODERS[syntax](array, ds.BitsStored)])
    else:
        pixels = native_bytes(array, syntax == BIG_ENDIAN)
    path.write_bytes(file_bytes(ds, pixels, syntax))
    return path


def blocks(values: list[Any], dtype: str = "u2") -> np.ndarray:
    """Return a (16, 16) array, or (16, 16, 3), whose 4 x 4 blocks have ``values``, repeated row by row."""
    flat = np.array(values, dtype)
    grid = np.resize(flat, (BLOCK * BLOCK, *flat.shape[1:])).reshape(BLOCK, BLOCK, *flat.shape[1:])
    return grid.repeat(BLOCK, 0).repeat(BLOCK, 1)


def shown(folder: Path, values: list[Any], dtype: str = "u2", **attributes: Any) -> list[float]:
    """Return the greys, rounded to 4 digits, in which a film of ``blocks(values)`` is read."""
    pixels = read(write_film(folder / "film.dcm", blocks(values, dtype), **attributes)).pixels
    return [round(float(grey), 4) for grey in pixels[::BLOCK, ::BLOCK].ravel()[: len(values)]]


def encode_rle(array: np.ndarray, _: int) -> bytes:
    """Encode planes of bytes, the most significant first, as literal runs (PS3.5 G)."""
    planes = [array] if array.ndim == 2 else list(np.moveaxis(array, -1, 0))
    size = array.dtype.itemsize
    segments = [
        _literal_runs(plane.astype(plane.dtype.newbyteorder(">")).tobytes()[byte::size])
        for plane in planes
        for byte in range(size)
    ]
    offsets = np.cumsum([64] + [len(segment) for segment in segments])[:-1]
    header = np.zeros(16, "<u4")
    header[0], header[1 : 1 + len(segments)] = len(segments), offsets
    return header.tobytes() + b"".join(segments)


def _literal_runs(data: bytes) -> bytes:
    runs = b"".join(bytes([len(data[i : i + 128]) - 1]) + data[i : i + 128] for i in range(0, len(data), 128))
    return runs + b"\0" * (len(runs) % 2)


def _unsigned(array: np.ndarray, bits: int) -> np.ndarray:
    """Return two's complement values as the ``bits`` bits that JPEG and JPEG-LS can code."""
    return array if array.dtype.kind == "u" else array.view(f"u{array.dtype.itemsize}") & ((1 << bits) - 1)


ENCODERS: Final[dict[str, Callable[[np.ndarray, int], bytes]]] = {
    RLE: encode_rle,
    BASELINE: lambda array, bits: imagecodecs.jpeg8_encode(array, 100),
    EXTENDED: lambda array, bits: imagecodecs.jpeg8_encode(array, 100, bitspersample=bits),
    LOSSLESS: lambda array, bits: imagecodecs.jpeg8_encode(
        _unsigned(array, bits), lossless=True, predictor=6, bitspersample=bits
    ),
    LOSSLESS_SV1: lambda array, bits: imagecodecs.jpeg8_encode(
        _unsigned(array, bits), lossless=True, predictor=1, bitspersample=bits
    ),
    JPEG_LS: lambda array, bits: imagecodecs.jpegls_encode(_unsigned(array, bits)),
    JPEG_LS_NEAR: lambda array, bits: imagecodecs.jpegls_encode(_unsigned(array, bits), 2),
    JPEG_2000_LOSSLESS: lambda array, bits: imagecodecs.jpeg2k_encode(
        array, 0, codecformat="j2k", reversible=True, bitspersample=bits
    ),
    JPEG_2000: lambda array, bits: imagecodecs.jpeg2k_encode(array, 60, codecformat="j2k", bitspersample=bits),
    HTJ2K_LOSSLESS: lambda array, bits: imagecodecs.htj2k_encode(array, reversible=True),
    HTJ2K_RPCL: lambda array, bits: imagecodecs.htj2k_encode(array, reversible=True),
    HTJ2K: lambda array, bits: imagecodecs.htj2k_encode(array, 1e-5, reversible=False),
}
