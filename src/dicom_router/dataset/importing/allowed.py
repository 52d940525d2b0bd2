"""The attributes that a stored DICOM file may hold. Whatever does not stand here is left behind at import.

An allow-list and no block-list: a private tag, a comment or an attribute of a later
edition of the standard is gone without anybody having thought of it. PS3.15 Annex E
names the options that this corresponds to: the basic profile, with patient
characteristics, device identity (make and model, no serial number) and geometry retained.
"""

from typing import Final

# module of PS3.3 -> keywords; a sequence stands in KEPT_IN_ITEMS too, with what its items may hold
KEPT: Final = {
    "SOP common": ("SOPClassUID",),
    "patient": ("PatientSex",),
    "series": (
        "Modality", "BodyPartExamined", "Laterality", "ViewPosition", "PatientPosition", "PresentationIntentType",
    ),
    "equipment": ("Manufacturer", "ManufacturerModelName", "ConversionType"),
    "general image": (
        "ImageType", "PatientOrientation", "ImageLaterality", "BurnedInAnnotation", "RecognizableVisualFeatures",
        "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod", "PresentationLUTShape",
    ),
    "anatomy": ("AnatomicRegionSequence", "ViewCodeSequence"),
    "image pixel": (
        "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
        "PixelAspectRatio", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SmallestImagePixelValue",
        "LargestImagePixelValue", "PixelPaddingValue", "PixelPaddingRangeLimit",
        "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
        "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
        "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
        "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
        "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelData",
    ),
    "modality LUT": ("ModalityLUTSequence", "RescaleIntercept", "RescaleSlope", "RescaleType"),
    "VOI LUT": ("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction"),
    "DX image": ("PixelIntensityRelationship", "PixelIntensityRelationshipSign"),
    "display shutter": (
        "ShutterShape", "ShutterLeftVerticalEdge", "ShutterRightVerticalEdge", "ShutterUpperHorizontalEdge",
        "ShutterLowerHorizontalEdge", "CenterOfCircularShutter", "RadiusOfCircularShutter",
        "VerticesOfThePolygonalShutter", "ShutterPresentationValue",
    ),
    "collimator": (
        "CollimatorShape", "CollimatorLeftVerticalEdge", "CollimatorRightVerticalEdge", "CollimatorUpperHorizontalEdge",
        "CollimatorLowerHorizontalEdge",
    ),
    "geometry": (
        "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacingCalibrationType",
        "DistanceSourceToDetector", "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor",
        "FieldOfViewShape", "FieldOfViewDimensions",
    ),
    "exposure": (
        "KVP", "ExposureTime", "ExposureTimeInuS", "XRayTubeCurrent", "XRayTubeCurrentInuA", "Exposure",
        "ExposureInuAs", "ExposureIndex", "TargetExposureIndex", "DeviationIndex", "Sensitivity",
        "RelativeXRayExposure", "EntranceDose", "FilterType", "Grid", "FocalSpots", "DetectorType",
    ),
}  # fmt: skip

# Only codes: the meaning beside a code is free text.
CODE: Final = ("CodeValue", "CodingSchemeDesignator")

KEPT_IN_ITEMS: Final = {
    "AnatomicRegionSequence": CODE,
    "ViewCodeSequence": CODE,
    "ModalityLUTSequence": ("LUTDescriptor", "ModalityLUTType", "LUTData"),
    "VOILUTSequence": ("LUTDescriptor", "LUTData"),
}

# Of an overlay group (60xx), kept only where the overlay lies in unused bits of the pixel data: a reader must
# know which bits are no pixels. An overlay with data of its own is left behind.
KEPT_OF_EMBEDDED_OVERLAYS: Final = {
    0x0010: "OverlayRows",
    0x0011: "OverlayColumns",
    0x0040: "OverlayType",
    0x0050: "OverlayOrigin",
    0x0100: "OverlayBitsAllocated",
    0x0102: "OverlayBitPosition",
}

# Attributes that every composite object must have and that may be empty (type 2).
EMPTIED: Final = (
    "PatientName", "PatientBirthDate", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID",
)  # fmt: skip
