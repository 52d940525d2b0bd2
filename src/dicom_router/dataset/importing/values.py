"""What the value of an allowed attribute may be: numbers that are numbers, words of a vocabulary, tables of their size.

Whatever else lies in it is left behind, and so is an attribute that a file gives
another value representation than the standard: text that calls itself a number of
bytes, for instance. Values that pass stay as they lie in the file.
"""

import re
from collections.abc import Callable
from typing import Final

from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from dicom_router.body_parts import WORD
from dicom_router.dataset.importing.allowed import DESCRIPTORS
from dicom_router.dataset.importing.vocabularies import VOCABULARIES
from dicom_router.dicom.attributes import numbers

Clean = Callable[[RawDataElement, str, Dataset], bytes | None]

# One number as text (PS3.5, DS and IS), longer than allowed since some write floats in full.
NUMBER: Final = re.compile(rb" *[+-]?[0-9]{0,24}\.?[0-9]{0,24}([eE][+-]?[0-9]{1,3})? *\0?")
TEXT: Final = re.compile(rb"[A-Za-z0-9 _.,:;/()&+\-\\\0]*")
LONGEST_TEXT: Final = 256  # bytes, of all values of an attribute
UID: Final = re.compile(rb"[0-9.]{0,64}[\0 ]?")
BYTES_PER_VALUE: Final = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8}

# Value representations that a file may give an attribute, by the one that the standard gives it. None: implicit.
_TEXTS: Final = frozenset({"CS", "LO", "SH"})
_DECIMALS: Final = frozenset({"DS", "IS"})
_WORDS: Final = frozenset({"US", "SS"})
INTERCHANGEABLE: Final = {
    **dict.fromkeys(_TEXTS, _TEXTS),
    **dict.fromkeys(_DECIMALS, _DECIMALS),
    **dict.fromkeys((*_WORDS, "US or SS"), _WORDS),
    **dict.fromkeys(("OW", "US or OW"), frozenset({"OW", "OB", "US", "SS"})),
    "UI": frozenset({"UI"}),
}
UNSTATED: Final = frozenset({None, "UN"})


def cleaned(element: RawDataElement, within: Dataset) -> RawDataElement | None:
    """Return the allowed ``element`` of the data set ``within`` with what may stay of its value, None for nothing."""
    standard = dictionary_VR(element.tag)
    if element.VR not in UNSTATED and element.VR not in INTERCHANGEABLE[standard]:
        return None
    value = _CLEANERS[standard](element, keyword_for_tag(element.tag), within)
    if value is None:
        return None
    return element if value == element.value else element._replace(value=value, length=len(value))


def _text(element: RawDataElement, keyword: str, within: Dataset) -> bytes | None:
    """Empty every value with a word that the vocabulary does not know; None where no value is left."""
    value = element.value or b""
    if len(value) > LONGEST_TEXT or TEXT.fullmatch(value) is None:
        return None
    values = value.split(b"\\")
    known = [one if _is_known(one, keyword) else b"" for one in values]
    if known == values:
        return value
    kept = b"\\".join(known).rstrip(b"\\")
    return kept + b" " * (len(kept) % 2) if kept else None


def _is_known(value: bytes, keyword: str) -> bool:
    return set(WORD.findall(value.decode("ascii").upper())) <= VOCABULARIES[keyword]


def _decimals(element: RawDataElement, keyword: str, within: Dataset) -> bytes | None:
    value = element.value or b""
    return value if all(NUMBER.fullmatch(one) for one in value.split(b"\\")) else None


def _binary(element: RawDataElement, keyword: str, within: Dataset) -> bytes | None:
    """Accept as many bytes as the value multiplicity of the attribute asks for."""
    value = element.value or b""
    size = BYTES_PER_VALUE[dictionary_VR(element.tag)[:2]]
    return value if len(value) in (0, size * int(dictionary_VM(element.tag))) else None


def _table(element: RawDataElement, keyword: str, within: Dataset) -> bytes | None:
    """Cut the entries that the descriptor does not count, as a reader does (PS3.3 C.11.1.1.1)."""
    value = element.value or b""
    stated = numbers(within, DESCRIPTORS[keyword])
    if len(stated) != 3:
        return None
    count = (int(stated[0]) & 0xFFFF) or 0x10000
    of_bytes = len(value) // 2 < count and int(stated[2]) <= 8
    return value[: count + count % 2 if of_bytes else 2 * count]


def _uid(element: RawDataElement, keyword: str, within: Dataset) -> bytes | None:
    value = element.value or b""
    return value if UID.fullmatch(value) else None


_CLEANERS: Final[dict[str, Clean]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_DECIMALS, _decimals),
    **dict.fromkeys((*_WORDS, "US or SS"), _binary),
    **dict.fromkeys(("OW", "US or OW"), _table),
    "UI": _uid,
}


def copy_allowed(source: Dataset, tags: frozenset[int]) -> Dataset:
    """Copy what may stay of the elements of ``source`` with one of ``tags``; ``source`` was not decoded before."""
    clean = Dataset()
    clean.set_original_encoding(*source.original_encoding)
    raw = [source.get_item(Tag(tag)) for tag in sorted(tags & set(source.keys()))]  # iterating would decode them
    for element in raw:
        kept = cleaned(element, source) if isinstance(element, RawDataElement) else None
        if kept is not None:
            clean[kept.tag] = kept
    return clean
