"""The facts of a DICOM header, and the checks that need no pixels."""

import re
from typing import Final

from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import integer, numbers, text
from dicom_router.dicom.film import Header
from dicom_router.dicom.limits import check_size
from dicom_router.dicom.parsing import DicomFile
from dicom_router.dicom.sop_classes import check_radiograph
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

SYNTHETIC_MARK: Final = "SYNTHETIC"
AGE: Final = re.compile(r"(\d{1,4})\s*([DWMY]?)")
YEARS_PER_UNIT: Final = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0, "": 1.0}
OLDEST: Final = 130.0
SPACINGS: Final = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")
ASPECTS: Final = (0.1, 10.0)
SQUARE_WITHIN: Final = 0.001


def header_of(file: DicomFile) -> Header:
    """Collect the facts of ``file``."""
    ds = file.ds
    return Header(
        file_format="dicom",
        TransferSyntaxUID=file.TransferSyntaxUID,
        SOPClassUID=sop_class_of(file),
        Modality=text(ds, "Modality").upper(),
        BodyPartExamined=text(ds, "BodyPartExamined").upper(),
        ViewPosition=text(ds, "ViewPosition").upper(),
        PatientSex=text(ds, "PatientSex").upper(),
        Manufacturer=text(ds, "Manufacturer"),
        PhotometricInterpretation=photometric_of(ds),
        Rows=integer(ds, "Rows"),
        Columns=integer(ds, "Columns"),
        BitsAllocated=integer(ds, "BitsAllocated"),
        BitsStored=integer(ds, "BitsStored"),
        age_years=parse_age(text(ds, "PatientAge")),
        pixel_aspect=aspect_of(ds),
        synthetic=text(ds, "ImageComments").startswith(SYNTHETIC_MARK),
    )


def check_header(file: DicomFile, header: Header) -> None:
    """Accept a file that may be one radiograph of a size that can be read.

    Raises:
        UnreadableImage: it is no radiograph, has no pixels, several frames or an impossible size.
    """
    check_radiograph(header.SOPClassUID, header.Modality)
    if file.pixels is None:
        if file.ends_early:
            raise UnreadableImage(Reason.TRUNCATED, "the file ends inside its header")
        raise UnreadableImage(Reason.NO_PIXELS)
    frames = integer(file.ds, "NumberOfFrames", 1)
    if frames > 1:
        raise UnreadableImage(Reason.MULTI_FRAME, f"{frames} frames; a film has one")
    check_size(header.Rows, header.Columns)
    if file.pixels.keyword != "PixelData":
        raise UnreadableImage(Reason.UNSUPPORTED_PIXELS, "floating-point pixels; a radiograph has whole numbers")


def sop_class_of(file: DicomFile) -> str:
    """Return the SOP class of the data set, or else of the file meta information."""
    return text(file.ds, "SOPClassUID") or text(file.ds.file_meta, "MediaStorageSOPClassUID")


def photometric_of(ds: Dataset) -> str:
    """Return PhotometricInterpretation; one sample a pixel without any is taken as MONOCHROME2."""
    stated = text(ds, "PhotometricInterpretation").upper()
    return stated or ("MONOCHROME2" if integer(ds, "SamplesPerPixel", 1) == 1 else "RGB")


def parse_age(age: str) -> float | None:
    """Return an Age String (``018M``, ``012W``, ``045Y``) in years; a bare number is years, as some write it."""
    match = AGE.fullmatch(age.strip().upper())
    if match is None:
        return None
    years = int(match[1]) * YEARS_PER_UNIT[match[2]]
    return years if years <= OLDEST else None


def aspect_of(ds: Dataset) -> float:
    """Return the height of a pixel over its width; 1.0 where the header says nothing credible."""
    for keyword in SPACINGS:
        values = numbers(ds, keyword)
        if len(values) == 2 and min(values) > 0:
            aspect = values[0] / values[1]
            if ASPECTS[0] <= aspect <= ASPECTS[1]:
                return 1.0 if abs(aspect - 1.0) <= SQUARE_WITHIN else aspect
    return 1.0
