"""What a header claims, as classes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_router.body_parts import WORDS
from dicom_router.claims import ANOTHER_WORD, AgeLimits, Claim, age_in_words, body_part_agrees, claim_of
from dicom_router.dataset.importing.vocabularies import VOCABULARIES
from dicom_router.labels import CHESTS, CLASSES

O_ACUTE, A_UMLAUT = "\N{LATIN CAPITAL LETTER O WITH ACUTE}", "\N{LATIN CAPITAL LETTER A WITH DIAERESIS}"
LIMITS = AgeLimits(adult_from_years=18, borderline_from_years=10)


@pytest.mark.parametrize(
    ("body_part", "age_years", "allows"),
    [
        ("CHEST", None, CHESTS),
        ("Chest", 45.0, ("adult_chest",)),
        ("THORAX", 2.5, ("pediatric_chest",)),
        ("CHEST", 14.0, CHESTS),
        ("CHEST", 18.0, ("adult_chest",)),
        ("L-SPINE", 45.0, ("spine",)),
        ("CHESTABDOMEN", 1.0, ("abdomen", "pediatric_chest")),
        ("", 45.0, ("abdomen", "adult_chest", "spine", "other")),
        ("", 14.0, ()),
        ("", None, ()),
        ("DOE^JANE", None, ()),
    ],
)
def test_a_header_allows(body_part: str, age_years: float | None, allows: tuple[str, ...]) -> None:
    assert claim_of(body_part, age_years, LIMITS).allows == allows


@pytest.mark.parametrize(
    ("allows", "values"),
    [
        (CHESTS, f"CHEST PA|Thorax pa|PORTABLE CHEST|CHEST_AP|CHEST 2 VIEWS|CHESTPA|T{O_ACUTE}RAX|RIBS CHEST|LUNGS"),
        (("abdomen",), "ABD|ABDOMEN AP SUPINE|UPPER ABDOMEN|KUB|ABD ERECT|BLADDER KUB"),
        (("spine",), "LUMBAR|C SPINE|C-SPINE|C_SPINE|CSPINE LAT|CERVICAL SPINE|THORACIC SPINE AP|T-L SPINE|LS SPINE"),
        (("spine",), f"DORSAL SPINE|LUMBO-SACRAL|WHOLE SPINE|HWS|WIRBELS{A_UMLAUT}ULE|SPINE SACRUM"),
        (("other",), "SHOULDER LEFT|LT HAND|HAND L|KNEES|UPPER EXTREMITY|TIB FIB|FEET WEIGHT BEARING|NASAL BONES"),
        (("other",), "HIP RIGHT|SACRUM PELVIS|PARANASAL SINUS"),
        (("spine", "other"), "NECK|CERVICAL|SACRUM|SOFT TISSUE NECK"),
        ((*CHESTS, "other"), "RIB|RIBS LEFT|STERNUM LAT"),
        (("abdomen", *CHESTS), "CHEST ABDOMEN|CHEST AND ABD|BABYGRAM"),
        (("abdomen", "other"), "ABDOMEN PELVIS|PELVIS/ABD"),
        ((), "THORACIC|DORSAL|BACK|AORTA|BONE|WHOLE BODY|WHOLEBODY|LATERAL|LEFT|L|C|UPPER|NECKCHEST"),
        ((), "CHEST SMITH|HAND DOE|CHEST 770041|XR|CHEST ABDOMEN SPINE HAND"),
    ],
)  # fmt: skip
def test_the_words_of_real_exports_allow(allows: tuple[str, ...], values: str) -> None:
    said = {value: claim_of(value, None, LIMITS).allows for value in values.split("|")}
    assert said == dict.fromkeys(said, allows)


def test_an_age_says_nothing_of_a_model_that_does_not_know_where_the_line_is() -> None:
    assert claim_of("CHEST", 45.0, None).allows == CHESTS


def test_what_each_of_the_two_allows_is_told_apart() -> None:
    claim = claim_of("CHEST", 45.0, LIMITS)
    assert (claim.part_allows, claim.age_allows) == (CHESTS, ("abdomen", "adult_chest", "spine", "other"))


@pytest.mark.parametrize(
    ("body_part", "shown"),
    [
        ("l spine", "L SPINE"), ("Chest, pa", "CHEST PA"), ("BACK", "BACK"), ("DOE^JANE", ANOTHER_WORD), ("", ""),
        ("CHEST DOE", ANOTHER_WORD), ("CHEST 770041", ANOTHER_WORD), ("\N{CJK UNIFIED IDEOGRAPH-80F8}", ANOTHER_WORD),
    ],
)  # fmt: skip
def test_no_word_is_shown_that_could_be_a_name(body_part: str, shown: str) -> None:
    assert claim_of(body_part, None, LIMITS).BodyPartExamined == shown


@given(st.lists(st.sampled_from(sorted(WORDS)), max_size=4))
def test_what_is_shown_says_what_was_said(words: list[str]) -> None:
    claim = claim_of("_".join(words), None, LIMITS)
    assert claim_of(claim.BodyPartExamined, None, LIMITS) == claim
    assert claim.allows != CLASSES


def test_what_the_import_stores_is_what_claims_know() -> None:
    assert VOCABULARIES["BodyPartExamined"] == WORDS


@pytest.mark.parametrize(("label", "disagrees"), [("adult_chest", False), ("spine", True)])
def test_pixels_disagree_where_the_header_does_not_allow_them(label: str, disagrees: bool) -> None:
    assert claim_of("CHEST", 45.0, LIMITS).disagrees(label) is disagrees
    assert claim_of("", None, LIMITS).disagrees(label) is None


def test_body_parts_agree_with_a_label_as_with_a_claim() -> None:
    for label in CLASSES:
        assert body_part_agrees("PELVIS AP", label) is (label == "other")
        assert body_part_agrees("", label) is None


@pytest.mark.parametrize(
    ("years", "words"), [(45.0, "45 years"), (2.0, "2 years"), (1.5, "18 months"), (0.0, "0 months")]
)
def test_an_age_is_told_in_years_or_months(years: float, words: str) -> None:
    assert age_in_words(years) == words
    assert claim_of("HAND", years, LIMITS).in_words == f"HAND, {words}"
    assert (claim_of("", years, None).in_words, Claim("HAND").in_words, Claim().in_words) == (words, "HAND", "")
