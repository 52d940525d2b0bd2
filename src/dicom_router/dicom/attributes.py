"""Values of a data set that may be garbage: each reader returns a usable value or says there is none."""

import math
from typing import Any, Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from dicom_router.dicom.limits import MAX_TABLE_BYTES, MAX_VALUE_BYTES
from dicom_router.dicom.parsing import PARSE_ERRORS

TABLES: Final = ("LUTData", "LookupTableData", "LUTSequence")


def value(ds: Dataset, keyword: str) -> Any:  # noqa: ANN401
    """Return the value of ``keyword``, or None where it is absent, too long or cannot be converted."""
    return value_at(ds, Tag(keyword), MAX_TABLE_BYTES if keyword.endswith(TABLES) else MAX_VALUE_BYTES)


def value_at(ds: Dataset, tag: BaseTag, longest: int = MAX_VALUE_BYTES) -> Any:  # noqa: ANN401
    """Return the value at ``tag``, or None where it is absent, of more than ``longest`` bytes or cannot be converted.

    The length is looked at first: a text of a million numbers becomes a million objects.
    """
    try:
        raw = ds.get_item(tag)
        if isinstance(raw, RawDataElement) and raw.value is not None and len(raw.value) > longest:
            return None
        return ds[tag].value
    except PARSE_ERRORS:
        return None


def values(ds: Dataset, keyword: str) -> list[Any]:
    """Return all values of ``keyword``, without empty ones; none where it is absent or cannot be converted."""
    found = value(ds, keyword)
    listed = list(found) if isinstance(found, (MultiValue, list, tuple)) else [found]
    return [item for item in listed if item is not None and item != ""]


def texts(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """Return all values as stripped text."""
    return tuple(str(item).strip(" \0\r\n\t") for item in values(ds, keyword))


def text(ds: Dataset, keyword: str) -> str:
    """Return the first value as stripped text, ``""`` where there is none."""
    return next(iter(texts(ds, keyword)), "")


def numbers(ds: Dataset, keyword: str) -> tuple[float, ...]:
    """Return all values as floats; empty where one of them is no finite number."""
    try:
        found = tuple(float(item) for item in values(ds, keyword))
    except (TypeError, ValueError, OverflowError):
        return ()
    return found if all(math.isfinite(item) for item in found) else ()


def number(ds: Dataset, keyword: str) -> float | None:
    """Return the first value as a float, None where it is absent or garbage."""
    return next(iter(numbers(ds, keyword)), None)


def integer(ds: Dataset, keyword: str, default: int = 0) -> int:
    """Return the first value as an int, ``default`` where it is absent or garbage."""
    found = number(ds, keyword)
    return default if found is None else int(found)


def items(ds: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence, none where it is absent or garbage."""
    found = value(ds, keyword)
    return list(found) if isinstance(found, Sequence) else []
