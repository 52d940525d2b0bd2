"""The five groups of the router, in the order that every array, table and file uses."""

from typing import Final

from dicom_router.errors import UnknownLabel

CLASSES: Final = ("abdomen", "adult_chest", "pediatric_chest", "spine", "other")
CHESTS: Final = ("adult_chest", "pediatric_chest")  # which an age tells apart

# What labellers and published archives call them; compared in lower case, with
# spaces and hyphens read as underscores.
ALIASES: Final = {
    "abdomen": "abdomen",
    "abdominal": "abdomen",
    "kub": "abdomen",
    "adult": "adult_chest",
    "adult_chest": "adult_chest",
    "chest_adult": "adult_chest",
    "pediatric": "pediatric_chest",
    "pediatric_chest": "pediatric_chest",
    "paediatric": "pediatric_chest",
    "paediatric_chest": "pediatric_chest",
    "chest_pediatric": "pediatric_chest",
    "spine": "spine",
    "spinal": "spine",
    "other": "other",
    "others": "other",
}


def parse_label(text: str) -> str:
    """Return the class that ``text`` names, by its own name or an alias.

    Raises:
        UnknownLabel: ``text`` is neither.
    """
    name = text.strip().lower().replace(" ", "_").replace("-", "_")
    try:
        return ALIASES[name]
    except KeyError:
        raise UnknownLabel(text, tuple(ALIASES)) from None
