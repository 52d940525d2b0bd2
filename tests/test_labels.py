"""The classes and what labellers call them."""

import pytest

from dicom_router.errors import UnknownLabel
from dicom_router.labels import ALIASES, CLASSES, parse_label


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_its_own_name(name: str) -> None:
    assert parse_label(name) == name


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("abdominal", "abdomen"),
        ("adult", "adult_chest"),
        ("pediatric", "pediatric_chest"),
        ("others", "other"),
        (" Adult Chest ", "adult_chest"),
        ("PEDIATRIC-CHEST", "pediatric_chest"),
    ],
)
def test_an_alias_names_a_class(text: str, label: str) -> None:
    assert parse_label(text) == label


def test_every_alias_names_a_class() -> None:
    assert set(ALIASES.values()) == set(CLASSES)


def test_an_unknown_label_says_what_is_accepted() -> None:
    with pytest.raises(UnknownLabel, match="unknown label 'knee'; accepted: abdomen, abdominal"):
        parse_label("knee")
