"""How a console stores a film: bit depth, photometric interpretation, window or table, and the coding."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.sample.coding import Stored
from dicom_router.sample.dice import Dice
from dicom_router.sample.hospital import Archive, Coding
from dicom_router.sample.physics import Image

_TABLE: Final = 1024  # entries of a VOI LUT


@dataclass(frozen=True)
class Storage:
    """What is decided about a film's storage before anything is known of what it shows."""

    coding: Coding
    bits: int
    monochrome1: bool
    voi: str  # "window", "lut" or "none"
    low: int  # stored value of black
    span: int  # from there to white
    manufacturer: tuple[str, str]
    body_part: str | None  # None: the attribute is absent
    room: float  # of the file, relative to what its coding needs at most


# BodyPartExamined comes from whatever protocol the last user left on the console: it does not depend on
# the film. None is an absent attribute.
_BODY_PARTS: Final[dict[str | None, float]] = {
    None: 0.25, "": 0.15, "CHEST": 0.28, "ABDOMEN": 0.08, "SPINE": 0.03, "LSPINE": 0.04, "CSPINE": 0.02,
    "EXTREMITY": 0.04, "PELVIS": 0.03, "SKULL": 0.03, "HAND": 0.02, "KNEE": 0.03,
}  # fmt: skip


def draw_storage(archive: Archive, dice: Dice) -> Storage:
    """Draw how a film is stored."""
    coding = dice.pick(archive.codings)
    wide = {bits: weight for bits, weight in archive.bits.items() if bits > 8}
    bits = {"jpeg": 8, "jpeg_12": 12}.get(coding) or dice.pick(wide)
    voi = dice.pick(archive.voi)
    top = (1 << bits) - 1
    low, span = (
        (0, _TABLE - 1)
        if voi == "lut" and bits > 8
        else (int(top * dice.uniform(0.0, 0.15)), int(top * dice.uniform(0.6, 0.8)))
    )
    return Storage(
        coding=coding,
        bits=bits,
        monochrome1=dice.chance(archive.monochrome1),
        voi="window" if voi == "lut" and bits == 8 else voi,
        low=low,
        span=span,
        manufacturer=dice.choose(archive.manufacturers),
        body_part=dice.pick(_BODY_PARTS),
        room=dice.uniform(1.0, 1.03),
    )


def stored_values(film: Image, storage: Storage) -> Stored:
    """Return the pixels as stored, (H, W) uint8 or uint16, of a ``film`` in [0, 1] with bone bright."""
    seen = np.sqrt(film) if storage.voi == "lut" else film
    values = (seen * np.float32(storage.span) + np.float32(storage.low + 0.5)).astype(np.uint16)
    if storage.monochrome1:
        values = np.uint16(_top(storage)) - values
    return values.astype(np.uint8) if storage.bits == 8 else values


def window(storage: Storage) -> tuple[float, float]:
    """Return WindowCenter and WindowWidth, LINEAR (PS3.3 C.11.2.1.2.1): black at ``low``, white at ``low + span``."""
    center = storage.low + 0.5 * (storage.span + 1)
    return (_top(storage) + 1 - center if storage.monochrome1 else center), storage.span + 1.0


def voi_table(storage: Storage) -> NDArray[np.uint16]:
    """Return the VOI LUT of 16 bits that undoes the square root; its first entry is for ``first_mapped``."""
    at = np.arange(_TABLE, dtype=np.float64) / (_TABLE - 1)
    table = (at * at * 65535.0 + 0.5).astype(np.uint16)
    return np.uint16(65535) - table[::-1] if storage.monochrome1 else table


def first_mapped(storage: Storage) -> int:
    """Return the stored value of the VOI LUT's first entry."""
    return _top(storage) - (_TABLE - 1) if storage.monochrome1 else 0


def _top(storage: Storage) -> int:
    return (1 << storage.bits) - 1
