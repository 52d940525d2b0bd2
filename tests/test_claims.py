"""What a header claims, as classes."""

import pytest

from dicom_router.claims import ANOTHER_WORD, AgeLimits, body_part_agrees, claim_of
from dicom_router.labels import CLASSES

LIMITS = AgeLimits(adult_from_years=18, borderline_from_years=10)
CHESTS = ("adult_chest", "pediatric_chest")


@pytest.mark.parametrize(
    ("body_part", "age_years", "allows"),
    [
        ("CHEST", None, CHESTS),
        ("Chest", 45.0, ("adult_chest",)),
        ("THORAX", 2.5, ("pediatric_chest",)),
        ("CHEST", 14.0, CHESTS),
        ("CHEST", 18.0, ("adult_chest",)),
        ("L-SPINE", 45.0, ("spine",)),
        ("HWS", None, ("spine",)),
        ("CHESTABDOMEN", 1.0, ("abdomen", "pediatric_chest")),
        ("", 45.0, ("abdomen", "adult_chest", "spine", "other")),
        ("", 14.0, ()),
        ("", None, ()),
        ("DOE^JANE", None, ()),
    ],
)
def test_a_header_allows(body_part: str, age_years: float | None, allows: tuple[str, ...]) -> None:
    assert claim_of(body_part, age_years, LIMITS).allows == allows


def test_an_age_says_nothing_of_a_model_that_does_not_know_where_the_line_is() -> None:
    assert claim_of("CHEST", 45.0, None).allows == CHESTS


@pytest.mark.parametrize(("body_part", "shown"), [("l spine", "LSPINE"), ("DOE^JANE", ANOTHER_WORD), ("", "")])
def test_no_word_is_shown_that_could_be_a_name(body_part: str, shown: str) -> None:
    assert claim_of(body_part, None, LIMITS).BodyPartExamined == shown


@pytest.mark.parametrize(("label", "disagrees"), [("adult_chest", False), ("spine", True)])
def test_pixels_disagree_where_the_header_does_not_allow_them(label: str, disagrees: bool) -> None:
    assert claim_of("CHEST", 45.0, LIMITS).disagrees(label) is disagrees
    assert claim_of("", None, LIMITS).disagrees(label) is None


def test_body_parts_agree_with_a_label_as_with_a_claim() -> None:
    for label in CLASSES:
        assert body_part_agrees("PELVIS", label) is (label == "other")
        assert body_part_agrees("", label) is None
