"""Whether a file's header says, or gives reason to fear, that text is drawn into its pixels."""

from typing import Final

from pydicom.dataset import Dataset

from dicom_router.dicom.attributes import text, texts, value

SECONDARY_CAPTURES: Final = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame kinds, which start alike

# PS3.3 C.8.6.1: what a picture was made from. Not here: DI, a digital interface, and SYN, computed from other pictures.
CONVERSIONS: Final = {
    "DF": "digitized film",
    "DV": "digitized video",
    "SD": "scanned document",
    "SI": "scanned image",
    "DRW": "drawing",
    "WSD": "workstation",
}
SCREENS: Final = frozenset(
    {"SCREEN SAVE", "SCREENSAVE", "SCREENSHOT", "SCREEN CAPTURE"}
)  # in ImageType, of makers' own


def why_burned_in(ds: Dataset, sop_class: str) -> str:
    """Return why text may be burned into the pixels of ``ds``, "" where nothing says so."""
    conversion = text(ds, "ConversionType").upper()
    if text(ds, "BurnedInAnnotation").upper() == "YES":
        return "BurnedInAnnotation is YES"
    if f"{sop_class}.".startswith(f"{SECONDARY_CAPTURES}."):
        return "a secondary capture"
    if conversion in CONVERSIONS:
        return f"ConversionType is {conversion}, {CONVERSIONS[conversion]}"
    if text(ds, "DetectorType").upper() == "FILM" or value(ds, "NominalScannedPixelSpacing"):
        return "a scanned film"
    if SCREENS.intersection(one.upper() for one in texts(ds, "ImageType")):
        return "a copy of a screen"
    return ""
