"""The attributes that a stored DICOM file may hold. Whatever does not stand here is left behind at import.

An allow-list and no block-list: a private tag, a comment or an attribute of a later
edition of the standard is gone without anybody having thought of it. It is stricter than
the basic profile of PS3.15 Annex E, to whose table a test holds it: the basic profile
keeps everything here but what stands in ``RETAINED``. What the values may be is said in
``vocabularies.py`` and ``values.py``.
"""

from typing import Final

# module of PS3.3 -> keywords; a sequence stands in KEPT_IN_ITEMS too, with what its items may hold
KEPT: Final = {
    "SOP common": ("SOPClassUID",),
    "patient": ("PatientSex",),
    "series": (
        "Modality", "BodyPartExamined", "Laterality", "ViewPosition", "PatientPosition", "PresentationIntentType",
    ),
    "equipment": ("Manufacturer", "ConversionType"),
    "general image": (
        "ImageType", "PatientOrientation", "ImageLaterality", "BurnedInAnnotation", "RecognizableVisualFeatures",
        "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod", "PresentationLUTShape",
    ),
    "image pixel": (
        "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
        "PixelAspectRatio", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SmallestImagePixelValue",
        "LargestImagePixelValue", "PixelPaddingValue", "PixelPaddingRangeLimit",
        "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
        "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
        "BluePaletteColorLookupTableData",
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

KEPT_IN_ITEMS: Final = {
    "ModalityLUTSequence": ("LUTDescriptor", "ModalityLUTType", "LUTData"),
    "VOILUTSequence": ("LUTDescriptor", "LUTData"),
}

# Tables and the attribute that says how many entries they have.
DESCRIPTORS: Final = {
    "LUTData": "LUTDescriptor",
    **{f"{c}PaletteColorLookupTableData": f"{c}PaletteColorLookupTableDescriptor" for c in ("Red", "Green", "Blue")},
}

# Of an overlay group (60xx), kept only where the overlay lies in bits of the pixel words that could not be cleared: a
# reader must know which bits are no pixels. An overlay with data of its own is left behind.
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

# Attributes that hold a pseudonym, and those that a keyed UID takes the place of.
PSEUDONYMOUS: Final = ("PatientID",)
NEW_UIDS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")

# What the basic profile (PS3.15 table E.1-1) removes and is stored all the same, by the option that retains it, as
# pydicom names it in CID 7050. The age is coarse. Of the devices nothing is stored that the option for them is about.
RETAINED: Final = {
    "PatientSex": "RetainPatientCharacteristicsOption",
    "PatientAge": "RetainPatientCharacteristicsOption",
}
