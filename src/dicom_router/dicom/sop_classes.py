"""Which objects are radiographs: a table of SOP classes, and one of modalities for objects without a class.

The SOP class is believed before Modality, which is filled in by hand or copied:
a film may say CT or nothing at all. A class that is not in the table is refused.
Every projection radiograph is accepted, also those whose answer is always ``other``,
because a refused film goes nowhere and an answered one goes to the right archive.
"""

from dataclasses import dataclass
from typing import Final

from pydicom.uid import UID

from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

RADIOGRAPHY: Final = "projection radiograph"
SECONDARY: Final = "films are stored as secondary capture too, whatever Modality says; other captures are classified"
DENTAL: Final = "projection radiograph of teeth: the answer is other"
BREAST: Final = "projection radiograph of the breast: the answer is other"
SPOT: Final = "a single spot film is a projection radiograph; runs have several frames and are refused for that"
CONTRAST: Final = "vessels under contrast, mostly subtracted: no downstream model for radiographs may have it"
SECTION: Final = "sections or volumes, no projection"
NO_XRAY: Final = "not made with X-rays"
NO_IMAGE: Final = "no image"
BITMAP: Final = "one bit a pixel: text or graphics"


@dataclass(frozen=True)
class Verdict:
    """Whether objects of a kind are read, and why."""

    accepted: bool
    why: str


def _accept(why: str) -> Verdict:
    return Verdict(True, why)


def _refuse(why: str) -> Verdict:
    return Verdict(False, why)


SOP_CLASSES: Final = {
    "1.2.840.10008.5.1.4.1.1.1": _accept(RADIOGRAPHY),  # CR
    "1.2.840.10008.5.1.4.1.1.1.1": _accept(RADIOGRAPHY),  # DX, also panoramic (PX)
    "1.2.840.10008.5.1.4.1.1.1.1.1": _accept(RADIOGRAPHY),  # DX, for processing
    "1.2.840.10008.5.1.4.1.1.1.2": _accept(BREAST),
    "1.2.840.10008.5.1.4.1.1.1.2.1": _accept(BREAST),  # for processing
    "1.2.840.10008.5.1.4.1.1.1.3": _accept(DENTAL),
    "1.2.840.10008.5.1.4.1.1.1.3.1": _accept(DENTAL),  # for processing
    "1.2.840.10008.5.1.4.1.1.7": _accept(SECONDARY),
    "1.2.840.10008.5.1.4.1.1.7.1": _refuse(BITMAP),
    "1.2.840.10008.5.1.4.1.1.7.2": _accept(SECONDARY),
    "1.2.840.10008.5.1.4.1.1.7.3": _accept(SECONDARY),
    "1.2.840.10008.5.1.4.1.1.7.4": _accept(SECONDARY),
    "1.2.840.10008.5.1.4.1.1.12.2": _accept(SPOT),  # RF
    "1.2.840.10008.5.1.4.1.1.12.2.1": _accept(SPOT),  # enhanced RF
    "1.2.840.10008.5.1.4.1.1.12.1": _refuse(CONTRAST),  # XA
    "1.2.840.10008.5.1.4.1.1.12.1.1": _refuse(CONTRAST),  # enhanced XA
    "1.2.840.10008.5.1.4.1.1.12.3": _refuse(CONTRAST),  # XA biplane
    "1.2.840.10008.5.1.4.1.1.13.1.1": _refuse(SECTION),  # X-ray 3D angiographic
    "1.2.840.10008.5.1.4.1.1.13.1.2": _refuse(SECTION),  # X-ray 3D craniofacial
    "1.2.840.10008.5.1.4.1.1.13.1.3": _refuse(SECTION),  # breast tomosynthesis
    "1.2.840.10008.5.1.4.1.1.13.1.4": _refuse(SECTION),  # projections for tomosynthesis
    "1.2.840.10008.5.1.4.1.1.13.1.5": _refuse(SECTION),
    "1.2.840.10008.5.1.4.1.1.2": _refuse(SECTION),  # CT
    "1.2.840.10008.5.1.4.1.1.2.1": _refuse(SECTION),
    "1.2.840.10008.5.1.4.1.1.2.2": _refuse(SECTION),
    "1.2.840.10008.5.1.4.1.1.4": _refuse(NO_XRAY),  # MR
    "1.2.840.10008.5.1.4.1.1.4.1": _refuse(NO_XRAY),
    "1.2.840.10008.5.1.4.1.1.3.1": _refuse(NO_XRAY),  # US
    "1.2.840.10008.5.1.4.1.1.6.1": _refuse(NO_XRAY),
    "1.2.840.10008.5.1.4.1.1.20": _refuse(NO_XRAY),  # NM
    "1.2.840.10008.5.1.4.1.1.128": _refuse(NO_XRAY),  # PET
    "1.2.840.10008.5.1.4.1.1.481.1": _refuse("made to position a treatment, with megavolt beams"),  # RT image
    "1.2.840.10008.5.1.4.1.1.11.1": _refuse(NO_IMAGE),  # presentation state
    "1.2.840.10008.5.1.4.1.1.88.11": _refuse(NO_IMAGE),  # SR
    "1.2.840.10008.5.1.4.1.1.88.22": _refuse(NO_IMAGE),
    "1.2.840.10008.5.1.4.1.1.88.33": _refuse(NO_IMAGE),
    "1.2.840.10008.5.1.4.1.1.88.59": _refuse(NO_IMAGE),  # key objects
    "1.2.840.10008.5.1.4.1.1.88.67": _refuse(NO_IMAGE),  # dose report
    "1.2.840.10008.5.1.4.1.1.104.1": _refuse(NO_IMAGE),  # PDF
    "1.2.840.10008.1.3.10": _refuse(NO_IMAGE),  # DICOMDIR
}
UNLISTED: Final = _refuse("not in the table of accepted classes in docs/reading.md")

# Only for objects without a SOP class: PS3.3 C.7.3.1.1.1.
MODALITIES: Final = frozenset({"", "CR", "DX", "RG", "RF", "MG", "IO", "PX", "OT"})


def verdict(sop_class: str, modality: str) -> Verdict:
    """Decide by ``sop_class``, or by ``modality`` where there is no class."""
    if sop_class:
        return SOP_CLASSES.get(sop_class, UNLISTED)
    if modality in MODALITIES:
        return _accept("no SOP class, and the modality is one of radiographs")
    return _refuse("no SOP class, and the modality is none of radiographs")


def check_radiograph(sop_class: str, modality: str) -> None:
    """Accept objects that may be radiographs.

    Raises:
        UnreadableImage: the object is something else; the detail names it.
    """
    decision = verdict(sop_class, modality)
    if not decision.accepted:
        raise UnreadableImage(Reason.NOT_A_RADIOGRAPH, f"{_name(sop_class)}: {decision.why}")


def _name(sop_class: str) -> str:
    """Return the class's name; never the UID itself, which a private class may fill with anything."""
    if not sop_class:
        return "object without SOP class"
    uid = UID(sop_class)
    return uid.name if not uid.is_private and uid.name != sop_class else "a private or unknown SOP class"
