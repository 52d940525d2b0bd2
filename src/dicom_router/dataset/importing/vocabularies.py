"""The words that stored text may be made of. No free text is stored: a value with another word is left behind.

Sources: the defined terms of PS3.3 (the section stands beside each), the body parts of `body_parts.py`, and what
modalities of several makers send. A word that is missing costs one value of one attribute; a word that is a name would
cost more, so that lists grow by review alone.
"""

from collections.abc import Mapping
from itertools import permutations
from typing import Final

from dicom_router.body_parts import SIDES, VIEWS, WORDS

_MAKERS: Final = (
    "AGFA AMERICAN AXIS BMI CANON CARESTREAM CHISON DEL DELFT DRGEM DRTECH DYNAMICS EIZO ELECTRIC EOS FUJI FUJIFILM "
    "GE GENDEX GENERAL GENORAY GMM HITACHI HOLOGIC IDC IMAGING INTERMEDICAL ITALRAY KODAK KONICA LODOX LORAD "
    "LUMISYS MINDRAY MINOLTA MINXRAY NEUSOFT PHILIPS PLANMECA QUANTUM RADIOLOGY RAYENCE RAYSCAN SAMSUNG SEDECAL "
    "SHIMADZU SIEMENS SIRONA SOREDEX STEPHANIX SWISSRAY TOSHIBA TRIXELL TROPHY UNITED VAREX VARIAN VATECH VIDAR "
    "VIEWORKS XOGRAPH ZIEHM "
    "A AG AND B BV CO COMPANY CORP CORPORATION DIGITAL EASTMAN ELECTRONICS FILM GMBH GROUP HEALTH HEALTHCARE "
    "HEALTHIMAGING HEALTHINEERS INC INCORPORATED INDUSTRIAL INTERNATIONAL K KG LIMITED LLC LTD MEDICAL MEDIZIN N NV "
    "PHOTO PLC RAY S SA SPA SRL SYSTEM SYSTEMS TECHNOLOGIES TECHNOLOGY THE V X XRAY "
    "SYNTHETIC RADIOGRAPHY CASSETTES"
)  # the last line: of the sample generator
_ANATOMICAL_DIRECTIONS: Final = " ".join(
    "".join(letters) for n in (1, 2, 3) for letters in permutations("LRAPHF", n)
)  # C.7.6.1.1.1
_SHUTTERS: Final = "RECTANGULAR CIRCULAR POLYGONAL BITMAP"  # C.7.6.11, C.8.7.3
_RESCALING: Final = "HU OD US MGML Z EFF ED EDW MOD PCT UNSPECIFIED NORMALIZED"  # C.11.1.1.2
_YES_NO: Final = "YES NO"

_WORDS: Final = {
    "PatientSex": "M F O",  # C.7.1.1
    "Modality": "CR DX DR RG RF MG IO PX OT XA SC CT MR US NM PT DG XC HC BMD",  # C.7.3.1.1.1
    "BodyPartExamined": " ".join(WORDS),
    "Laterality": SIDES,
    "ImageLaterality": SIDES,
    "ViewPosition": f"{VIEWS} {SIDES}",
    "PatientPosition": f"HFP HFS HFDR HFDL HFV HFI FFP FFS FFDR FFDL FFV FFI LFP LFS RFP RFS {VIEWS}",  # C.7.3.1.1.2
    "PresentationIntentType": "FOR PRESENTATION PROCESSING",
    "Manufacturer": _MAKERS,
    "ConversionType": "DV DI DF WSD SD SI DRW SYN",  # C.8.6.1
    "ImageType": "ORIGINAL DERIVED PRIMARY SECONDARY RAD RADIOGRAPHY CR DX RT RT3D POST PROCESSED",  # C.7.6.1.1.2
    "OverlayType": "G R",  # C.9.2
    "PatientOrientation": _ANATOMICAL_DIRECTIONS,
    "BurnedInAnnotation": _YES_NO,
    "RecognizableVisualFeatures": _YES_NO,
    "LossyImageCompression": "00 01",
    "LossyImageCompressionMethod": "ISO 10918 14495 15444 13818 14496 1 2 15 10",  # C.7.6.1.1.5.1
    "PresentationLUTShape": "IDENTITY INVERSE LIN OD",
    "PhotometricInterpretation": "MONOCHROME1 MONOCHROME2 PALETTE COLOR RGB YBR FULL PARTIAL 422 420 ICT RCT",
    "RescaleType": _RESCALING,
    "ModalityLUTType": _RESCALING,
    "VOILUTFunction": "LINEAR EXACT SIGMOID",
    "PixelIntensityRelationship": "LIN LOG DISP",
    "ShutterShape": _SHUTTERS,
    "CollimatorShape": _SHUTTERS,
    "PixelSpacingCalibrationType": "GEOMETRY FIDUCIAL",
    "FieldOfViewShape": "RECTANGLE ROUND HEXAGONAL RECTANGULAR",
    "FilterType": "STRIP WEDGE BUTTERFLY MULTIPLE FLAT NONE",
    "Grid": "FIXED FOCUSED RECIPROCATING PARALLEL CROSSED NONE",
    "DetectorType": "DIRECT SCINTILLATOR STORAGE FILM",  # C.8.11.4
}

# Attribute to the words, in upper case, that its values may be made of.
VOCABULARIES: Final[Mapping[str, frozenset[str]]] = {
    keyword: frozenset(words.split()) for keyword, words in _WORDS.items()
}
