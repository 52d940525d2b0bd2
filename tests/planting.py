"""An export with a patient's name and number in every place where a hospital's files have one.

Each place is an entry of ``FILES``, ``NAMES`` or ``COLUMNS``: who finds another one adds a line.
"""

import csv
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final

import numpy as np
from dicom.files import (
    BASELINE,
    BIG_ENDIAN,
    DEFLATED,
    ENCODERS,
    EXTENDED,
    HTJ2K_LOSSLESS,
    IMPLICIT,
    JPEG_2000_LOSSLESS,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    SECONDARY_CAPTURE,
    file_bytes,
    film,
)
from PIL import Image, PngImagePlugin
from pydicom import dcmread, dcmwrite
from pydicom.config import disable_value_validation
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from dicom_router.dataset.importing.allowed import KEPT, NEW_UIDS
from dicom_router.dicom.quiet import quiet

# Made up, and so rare that no chance brings them into a file.
FAMILY, GIVEN, UMLAUT = "Quarlesby", "Wilhelmina", "Grünwäldt"
NUMBER, BIRTH = "7700412396", "19310317"
NAME: Final = f"{FAMILY}^{GIVEN}"
IDENTIFIERS: Final = (FAMILY, GIVEN, UMLAUT, NUMBER, BIRTH)

SIDE: Final = 140
KEPT_TAGS: Final = frozenset(Tag(keyword) for keywords in KEPT.values() for keyword in keywords)
# What text of each value representation a file may hold.
TEXTS: Final = {
    **dict.fromkeys(("LO", "SH", "LT", "ST", "UT", "UC", "UR"), f"{FAMILY} {NUMBER}"),
    **dict.fromkeys(("AE", "CS"), FAMILY.upper()),
    "PN": f"{NAME}={UMLAUT}",
    "UI": f"1.2.276.0.{NUMBER}.1",
    "DA": BIRTH,
    "DT": f"{BIRTH}120000",
}
# Numbers and words that are kept, as a file may call them to smuggle text in.
MISLABELLED: Final = {
    "Exposure": "LO", "KVP": "OB", "ExposureTime": "UT", "LargestImagePixelValue": "OW", "EntranceDose": "LO",
    "DistanceSourceToDetector": "LT", "FilterType": "LT", "Grid": "OB", "Sensitivity": "PN",
}  # fmt: skip


def pixels(seed: int, dtype: str = "u1") -> np.ndarray:
    """Return (140, 140) values, another picture for each seed."""
    top = 256 if dtype == "u1" else 4096
    return np.random.default_rng(1000 + seed).integers(0, top, (SIDE, SIDE)).astype(dtype)


def in_every_attribute(seed: int) -> Dataset:
    """Return a film with text in each attribute of the dictionary that can hold some and that is not kept."""
    ds = film(pixels(seed, "u2"), BitsStored=12)
    with quiet(), disable_value_validation():
        for tag, (representation, *_) in DicomDictionary.items():
            if tag >> 16 <= 0x0004 or tag in ds or (tag in KEPT_TAGS) or tag >> 16 in (0x7FE0, 0xFFFE):
                continue
            if representation in TEXTS:
                ds.add_new(tag, representation, TEXTS[representation])
            if representation == "SQ" and tag >> 16 < 0x0044:
                ds.add_new(tag, "SQ", Sequence([_person()]))
    for keyword in NEW_UIDS:
        setattr(ds, keyword, TEXTS["UI"])
    ds.SpecificCharacterSet = "ISO_IR 100"
    return ds


def in_kept_attributes(seed: int) -> Dataset:
    """Return a film with text in each attribute that is kept and that a reader can do without."""
    with quiet(), disable_value_validation():
        ds = film(pixels(seed, "u2"), BitsStored=12, Manufacturer=f"Siemens {FAMILY}", Modality=FAMILY.upper())
        for keyword in (
            "BodyPartExamined", "Laterality", "ViewPosition", "PatientPosition", "ImageLaterality", "PatientSex",
            "ImageType", "PatientOrientation", "PresentationIntentType", "ConversionType", "RecognizableVisualFeatures",
            "VOILUTFunction", "LossyImageCompressionMethod", "PixelSpacingCalibrationType", "DetectorType",
            "RescaleType", "FieldOfViewShape",
        ):  # fmt: skip
            setattr(ds, keyword, ["ORIGINAL", FAMILY.upper()] if keyword == "ImageType" else FAMILY.upper())
        for keyword, representation in MISLABELLED.items():
            text = f"{FAMILY} " if representation in ("LO", "LT", "PN", "UT") else f"{FAMILY} ".encode()
            ds.add_new(Tag(keyword), representation, text)
        item = Dataset()
        item.LUTDescriptor = [4, 0, 16]
        item["LUTDescriptor"].VR = "US"
        item.ModalityLUTType = FAMILY
        item.add_new(Tag("LUTData"), "OW", np.arange(4, dtype="<u2").tobytes() + f"{FAMILY} ".encode())
        ds.VOILUTSequence = Sequence([item])
    return ds


def beside_the_attributes(seed: int) -> Dataset:
    """Return a film with private tags, curves, overlays and padding that speak."""
    with quiet(), disable_value_validation():
        ds = film(pixels(seed, "u2"), BitsStored=12, PatientID=NUMBER)
        text = f"{FAMILY} ".encode()
        private = ds.private_block(0x0011, f"{FAMILY} PRIVATE", create=True)
        for offset, (representation, value) in enumerate({**TEXTS, "OB": text, "UN": text}.items()):
            private.add_new(offset, representation, value)
        private.add_new(0x20, "SQ", Sequence([_person()]))
        for group in (0x6000, 0x601E):
            for element, representation, value in (
                (0x3000, "OW", text), (0x4000, "LT", FAMILY), (0x0022, "LO", FAMILY), (0x1500, "LO", FAMILY),
            ):  # fmt: skip
                ds.add_new((group, element), representation, value)
        ds.add_new((0x5000, 0x3000), "OW", text)
        ds.add_new((0x4FFE, 0x0010), "OB", text)
        ds.add_new((0xFFFC, 0xFFFC), "OB", text)
    return ds


def _person() -> Dataset:
    item, inner = Dataset(), Dataset()
    inner.PatientID, inner.PatientBirthDate = NUMBER, BIRTH
    item.PatientName, item.CodeMeaning, item.CodeValue = NAME, FAMILY, NUMBER
    item.ReferencedPatientSequence = Sequence([inner])
    return item


def native(ds: Dataset, seed: int, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return a file of ``ds`` with text in the preamble, in the file meta information, and behind everything."""
    values = pixels(seed, "u2").astype(">u2" if syntax == BIG_ENDIAN else "<u2").tobytes()
    with quiet(), disable_value_validation():
        file = dcmread(BytesIO(file_bytes(ds, values + f"{FAMILY} ".encode(), syntax)))
        file.preamble = FAMILY.encode().ljust(128, b"\0")
        file.file_meta.MediaStorageSOPInstanceUID = TEXTS["UI"]
        file.file_meta.ImplementationVersionName = FAMILY.upper()
        file.file_meta.SourceApplicationEntityTitle = FAMILY.upper()
        file.file_meta.PrivateInformationCreatorUID = TEXTS["UI"]
        file.file_meta.PrivateInformation = NAME.encode()
        stream = BytesIO()
        dcmwrite(stream, file)
    return stream.getvalue() + (b"" if syntax == DEFLATED else NAME.encode())


def compressed(seed: int, syntax: str, edit: Callable[[bytes], bytes], table: bytes = b"") -> bytes:
    """Return a compressed film whose frame went through ``edit`` and whose offset table is ``table``."""
    array = (np.add.outer(np.arange(SIDE), np.arange(SIDE)) // 2 + pixels(seed) % 16).astype("u1")
    frame = edit(ENCODERS[syntax](array, 8))
    value = encapsulate([frame], has_bot=False)
    value = value[:4] + struct.pack("<I", len(table)) + table + value[8:]
    return file_bytes(film(array, PatientName=NAME, PatientID=NUMBER), value, syntax)


def in_jpeg(data: bytes) -> bytes:
    """Put comments and applications' data behind the start of a JPEG or JPEG-LS image, and more behind its end."""
    contents = {
        0xFE: NAME.encode(), 0xE1: b"http://ns.adobe.com/xap/1.0/\0" + NAME.encode(), 0xED: NAME.encode(),
        0xE2: b"MPF\0" + NAME.encode(), 0xE0: b"JFXX\0\x10" + NAME.encode(), 0xE8: b"SPIFF\0" + NAME.encode(),
    }  # fmt: skip
    segments = [bytes((0xFF, marker)) + struct.pack(">H", len(c) + 2) + c for marker, c in contents.items()]
    return data[:2] + b"".join(segments) + data[2:] + NAME.encode() + b"\xff\xd8" + NAME.encode() + b"\xff\xd9"


def in_jpeg_2000(data: bytes) -> bytes:
    """Put comments into the main header and a tile-part's, and more behind the end of the codestream."""
    comment = b"\xff\x64" + struct.pack(">HH", len(NAME) + 4, 1) + NAME.encode()
    tile = data.index(b"\xff\x90")
    (length,) = struct.unpack_from(">I", data, tile + 6)
    part = (
        data[tile : tile + 6] + struct.pack(">I", length + len(comment) if length else 0) + data[tile + 10 : tile + 12]
    )
    return data[:tile] + comment + part + comment + data[tile + 12 :] + NAME.encode() + b"\xff\xd9"


def in_rle_header(data: bytes) -> bytes:
    """Put text into the offsets of an RLE header that are not used."""
    (count,) = struct.unpack_from("<I", data)
    return data[: 4 + 4 * count] + (NAME.encode() * 4)[: 60 - 4 * count] + data[64:]


def in_rle_gap(data: bytes) -> bytes:
    """Put text between the header of an RLE frame and its first segment."""
    count, *offsets = struct.unpack_from("<16I", data)
    moved = [offset + len(NAME) if offset else 0 for offset in offsets]
    return struct.pack("<16I", count, *moved) + NAME.encode() + data[64:]


def png(seed: int) -> bytes:
    """Return a PNG with text in every kind of chunk that can hold some, and behind its end."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Title", NAME)
    chunks.add_text("Comment", NAME * 20, zip=True)
    chunks.add_itxt("XML:com.adobe.xmp", NAME, "de", UMLAUT, zip=True)
    chunks.add(b"prVt", NAME.encode())
    stream = BytesIO()
    options = {"icc_profile": NAME.encode() * 20, "exif": _exif()}
    Image.fromarray(pixels(seed)).save(stream, "PNG", pnginfo=chunks, **options)
    return stream.getvalue() + NAME.encode() + zlib.compress(NAME.encode())


def jpeg(seed: int) -> bytes:
    """Return a JPEG with text in every kind of segment that can hold some, and behind its end."""
    stream = BytesIO()
    Image.fromarray(pixels(seed)).save(stream, "JPEG", exif=_exif(), icc_profile=NAME.encode() * 20)
    return in_jpeg(stream.getvalue())


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x9C9B] = NAME, NAME, NAME.encode("utf-16-le")
    return exif.tobytes()


# Contents that are imported.
FILES: Final[dict[str, Callable[[int], bytes]]] = {
    "attributes": lambda seed: native(in_every_attribute(seed), seed),
    "kept attributes": lambda seed: native(in_kept_attributes(seed), seed),
    "private tags, curves, overlays": lambda seed: native(beside_the_attributes(seed), seed),
    "implicit": lambda seed: native(in_every_attribute(seed), seed, IMPLICIT),
    "big endian": lambda seed: native(beside_the_attributes(seed), seed, BIG_ENDIAN),
    "deflated": lambda seed: native(in_every_attribute(seed), seed, DEFLATED),
    "JPEG": lambda seed: compressed(seed, BASELINE, in_jpeg),
    "JPEG extended": lambda seed: compressed(seed, EXTENDED, in_jpeg),
    "JPEG lossless": lambda seed: compressed(seed, LOSSLESS_SV1, in_jpeg),
    "JPEG-LS": lambda seed: compressed(seed, JPEG_LS, in_jpeg),
    "JPEG 2000": lambda seed: compressed(seed, JPEG_2000_LOSSLESS, in_jpeg_2000),
    "HTJ2K": lambda seed: compressed(seed, HTJ2K_LOSSLESS, in_jpeg_2000),
    "RLE": lambda seed: compressed(seed, RLE, in_rle_header),
    "offset table": lambda seed: compressed(seed, RLE, lambda frame: frame, f"{FAMILY}---".encode()),
    "PNG": png,
    "JPEG file": jpeg,
}
# Contents that are refused: what they hold may stand in the private list alone.
REFUSED: Final[dict[str, Callable[[int], bytes]]] = {
    "text": lambda seed: NAME.encode() * 100,
    "truncated": lambda seed: native(in_every_attribute(seed), seed)[:-30000],
    "RLE": lambda seed: compressed(seed, RLE, in_rle_gap),
    "secondary capture": lambda seed: file_bytes(
        film(pixels(seed), SOPClassUID=SECONDARY_CAPTURE, PatientName=NAME), pixels(seed).tobytes()
    ),
}
# Names of folders and files below a class's folder.
NAMES: Final = (f"{NAME}/{NUMBER}", f"{FAMILY}, {GIVEN}/born {BIRTH}", UMLAUT)
# Columns of a label table beside path and label.
COLUMNS: Final = {
    "patient_id": NUMBER,
    "study_id": NUMBER,
    "age_years": f"61 {FAMILY}",
    "sex": f"F {FAMILY}",
    "view": f"AP {FAMILY}",
    FAMILY: NAME,
    "patient_name": UMLAUT,
}


def plant(folder: Path, label: str, seed: int = 0) -> Iterator[Path]:
    """Write all of ``FILES`` and ``REFUSED`` under names that speak, below ``folder/label``; yield their paths."""
    for number, make in enumerate([*FILES.values(), *REFUSED.values()]):
        path = folder / label / NAMES[number % len(NAMES)] / f"{FAMILY} {NUMBER} {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(seed + number))
        yield path


def table(folder: Path, planted: list[Path], plain: Mapping[str, str], label: str) -> str:
    """Return a label table: ``planted`` paths with all of ``COLUMNS``, ``plain`` ones with a label, one to nowhere.

    The patient of a plain one is called as its file is.
    """
    names = [path.relative_to(folder).as_posix() for path in planted] + [f"{NAME}/gone"]
    rows = [[name, label, *COLUMNS.values()] for name in names]
    rows += [[name, given, Path(name).stem, *[""] * (len(COLUMNS) - 1)] for name, given in plain.items()]
    stream = StringIO()
    csv.writer(stream).writerows([["path", "label", *COLUMNS], *rows])
    return stream.getvalue()
