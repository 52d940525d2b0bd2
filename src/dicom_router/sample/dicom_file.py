"""A film as a DICOM file: Digital X-Ray or Computed Radiography Image Storage (PS3.3 A.26, A.2)."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ImplicitVRLittleEndian,
)

from dicom_router.sample.coding import SYNTAXES, Stored, Syntax
from dicom_router.sample.cohort import Order
from dicom_router.sample.storing import Storage, first_mapped, voi_table, window

IMPLEMENTATION: Final = UID("2.25.165137183926011563018240518341930284712")
_COMMENT: Final = "SYNTHETIC radiograph of nobody, computed from a model of the body; not for clinical use"

# The same in every file. Dates are made up.
_FIXED: Final[dict[str, Any]] = {
    "PatientName": "Synthetic^Nobody", "PatientBirthDate": "", "StudyDate": "20000101", "SeriesDate": "20000101",
    "ContentDate": "20000101", "AcquisitionDate": "20000101", "StudyTime": "120000", "SeriesTime": "120000",
    "ContentTime": "120000", "AcquisitionTime": "120000", "AccessionNumber": "", "ReferringPhysicianName": "",
    "StudyID": "", "SeriesNumber": 1, "ImageComments": _COMMENT, "InstitutionName": "Synthetic hospital",
    "SpecificCharacterSet": "ISO_IR 100", "PatientIdentityRemoved": "YES",
    "DeidentificationMethod": "Never identified: synthetic", "BurnedInAnnotation": "NO", "SamplesPerPixel": 1,
    "PixelRepresentation": 0, "ImageType": ["DERIVED", "PRIMARY", ""],
}  # fmt: skip
_DX: Final[dict[str, Any]] = {
    "SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DX",
    "PresentationIntentType": "FOR PRESENTATION",
    "PixelIntensityRelationship": "LOG", "RescaleIntercept": 0, "RescaleSlope": 1, "RescaleType": "US",
    "LossyImageCompression": "00", "DetectorType": "SCINTILLATOR", "DetectorID": "SYNTHETIC", "PositionerType": "NONE",
    "ImageLaterality": "U", "DerivationDescription": "synthetic", "ImagerPixelSpacing": [1.0, 1.0],
    "AcquisitionContextSequence": Sequence(), "AnatomicRegionSequence": Sequence(),
}  # fmt: skip
_CR: Final[dict[str, Any]] = {
    "SOPClassUID": ComputedRadiographyImageStorage, "Modality": "CR", "ViewPosition": "", "PatientOrientation": "",
    "BodyPartExamined": "",
}  # fmt: skip
_PAIRED: Final = (None, "", "EXTREMITY", "HAND", "KNEE")  # body parts that are paired, or may be
# SNOMED CT, as PS3.16 CID 4010 and Annex L give them.
_VIEW_CODES: Final = {
    "AP": ("399348003", "antero-posterior"),
    "PA": ("272479007", "postero-anterior"),
    "LL": ("399173006", "left lateral"),
    "RL": ("399198007", "right lateral"),
}
_REGION_CODES: Final = {
    "ABDOMEN": ("818981001", "Abdomen"),
    "CHEST": ("51185008", "Chest"),
    "CSPINE": ("122494005", "Cervical spine"),
    "EXTREMITY": ("66019005", "Extremity"),
    "HAND": ("85562004", "Hand"),
    "KNEE": ("72696002", "Knee"),
    "LSPINE": ("122496007", "Lumbar spine"),
    "PELVIS": ("816092008", "Pelvis"),
    "SKULL": ("89546000", "Skull"),
    "SPINE": ("421060004", "Spine"),
}


@dataclass(frozen=True)
class CRHeader:
    """A cassette's file: nobody told the reader which way the beam went."""

    def values(self, storage: Storage) -> dict[str, Any]:
        """Return the attributes of Computed Radiography."""
        return _CR | {"Laterality": ""} if storage.body_part in _PAIRED else _CR


@dataclass(frozen=True)
class DXHeader:
    """A digital detector's file, which names the projection."""

    position: str  # ViewPosition
    orientation: tuple[str, str]

    def values(self, storage: Storage) -> dict[str, Any]:
        """Return the attributes of Digital X-Ray."""
        values: dict[str, Any] = {
            "ViewPosition": self.position,
            "PatientOrientation": list(self.orientation),
            "ViewCodeSequence": Sequence([_code(*_VIEW_CODES[self.position])]),
            "PresentationLUTShape": "INVERSE" if storage.monochrome1 else "IDENTITY",
            "PixelIntensityRelationshipSign": 1 if storage.monochrome1 else -1,
        }
        if storage.body_part:
            values["AnatomicRegionSequence"] = Sequence([_code(*_REGION_CODES[storage.body_part])])
        return _DX | values


def dicom_bytes(order: Order, storage: Storage, pixels: Stored, header: CRHeader | DXHeader) -> bytes:
    """Return the bytes of the file that holds ``pixels`` (H, W)."""
    syntax = SYNTAXES[storage.coding]
    ds = Dataset()
    for keyword, value in (_FIXED | header.values(storage) | _drawn(order, storage)).items():
        setattr(ds, keyword, value)
    if storage.voi == "lut":
        ds.VOILUTSequence = Sequence([_voi_item(storage)])
    elif storage.voi == "window" or isinstance(header, DXHeader):
        ds.WindowCenter, ds.WindowWidth = window(storage)
    _set_pixels(ds, storage, pixels, syntax)
    return _written(ds, syntax)


def _drawn(order: Order, storage: Storage) -> dict[str, Any]:
    """Return what differs between files beside the pixels."""
    maker, model = storage.manufacturer
    values = {
        "SOPInstanceUID": order.uid("image"),
        "StudyInstanceUID": order.uid("study"),
        "SeriesInstanceUID": order.uid("series"),
        "PatientID": order.patient.identifier,
        "PatientSex": order.patient.sex,
        "Manufacturer": maker,
        "ManufacturerModelName": model,
        "InstanceNumber": order.film,
        "PhotometricInterpretation": "MONOCHROME1" if storage.monochrome1 else "MONOCHROME2",
    }
    return values if storage.body_part is None else values | {"BodyPartExamined": storage.body_part}


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item


def _voi_item(storage: Storage) -> Dataset:
    item = Dataset()
    table = voi_table(storage)
    item.LUTDescriptor = [table.size, first_mapped(storage), 16]
    item.LUTExplanation = "synthetic"
    item.LUTData = table.astype("<u2").tobytes()
    item["LUTData"].VR = "OW"
    return item


def _set_pixels(ds: Dataset, storage: Storage, pixels: Stored, syntax: Syntax) -> None:
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated = 8 * pixels.itemsize
    ds.BitsStored, ds.HighBit = storage.bits, storage.bits - 1
    if syntax.lossy:
        ds.LossyImageCompression = "01"
        ds.LossyImageCompressionRatio = 5
        ds.LossyImageCompressionMethod = "ISO_10918_1"
    raw = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    if syntax.encode is None:
        ds.PixelData = raw + b"\0" * (len(raw) % 2)
    else:
        ds.PixelData = encapsulate([syntax.encode(pixels, storage.bits)])
        ds.DataSetTrailingPadding = b"\0" * padding(len(ds.PixelData), pixels.size, storage, syntax)
    ds["PixelData"].VR = "OB" if syntax.encode or pixels.dtype == np.uint8 else "OW"


def padding(coded: int, pixels: int, storage: Storage, syntax: Syntax) -> int:
    """Return how many bytes, an even number, fill ``coded`` bytes up to what its ``pixels`` may take."""
    room = int(pixels * syntax.room[storage.bits] * storage.room / 8.0)
    return max(room - coded, 0) // 2 * 2 + 2


def _written(ds: Dataset, syntax: Syntax) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = syntax.uid
    meta.ImplementationClassUID, meta.ImplementationVersionName = IMPLEMENTATION, "DICOM_ROUTER"
    file = FileDataset("", ds, file_meta=meta, preamble=b"\0" * 128)
    target = BytesIO()
    implicit = syntax.uid == ImplicitVRLittleEndian
    dcmwrite(target, file, implicit_vr=implicit, little_endian=True, enforce_file_format=True)
    return target.getvalue()
