"""Tags beside pixels: what is counted, what contradicts, and what is most suspicious."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_router.claims import AgeLimits, claim_of
from dicom_router.evaluation.auditing import AGE, BODY_PART, SILENT, Audit, agreements, overall, telling
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Decision, Result, ReviewReason
from dicom_router.reasons import Reason

LIMITS = AgeLimits(18, 10)


def film(
    name: str, label: str, part: str = "", age: float | None = None, sure: float = 0.9, routed: bool = True
) -> Result:
    others = (1 - sure) / (len(CLASSES) - 1)
    return Result(
        Path(name),
        label=label,
        probabilities=tuple(sure if name == label else others for name in CLASSES),
        decision=Decision(label, () if routed else (ReviewReason.UNSURE,)),
        claim=claim_of(part, age, LIMITS),
        model="m",
    )


def audit_of(*results: Result) -> Audit:
    audit = Audit()
    for result in results:
        audit.add(result)
    return audit


def test_every_file_is_counted_once() -> None:
    audit = audit_of(film("a", "spine", "CHEST"), film("b", "other"), Result(Path("c"), reason=Reason.NOT_DICOM))
    assert (audit.seen, audit.films, dict(audit.unreadable)) == (3, 2, {"not_dicom": 1})
    assert sum(row.films for row in agreements(audit.pairs[BODY_PART])) == audit.films


@pytest.mark.parametrize(
    ("label", "part", "age", "about"),
    [
        ("spine", "HAND", None, BODY_PART),
        ("adult_chest", "CHEST", 4.0, AGE),
        ("pediatric_chest", "", 50.0, AGE),
        ("spine", "CHEST", 4.0, BODY_PART),
    ],
)
def test_a_contradiction_says_which_tag_it_is_about(label: str, part: str, age: float | None, about: str) -> None:
    (found,) = audit_of(film("a", label, part, age)).ranked()
    assert found.about == about


@pytest.mark.parametrize(
    ("label", "part", "age"), [("spine", "LSPINE", 4.0), ("adult_chest", "CHEST", 14.0), ("other", "", None)]
)
def test_what_the_header_allows_is_no_contradiction(label: str, part: str, age: float | None) -> None:
    assert audit_of(film("a", label, part, age)).ranked() == []


def test_routed_films_come_first_then_the_less_likely_the_claim() -> None:
    films = (
        film("review", "spine", "HAND", sure=0.99, routed=False),
        film("mild", "spine", "HAND", sure=0.6),
        film("grave", "spine", "HAND", sure=0.95),
    )
    assert [str(each.result.path) for each in audit_of(*films).ranked()] == ["grave", "mild", "review"]


def test_the_share_that_agrees_leaves_out_headers_that_say_nothing() -> None:
    films = [film(str(n), "spine", "SPINE") for n in range(9)] + [film("x", "other", "SPINE"), film("y", "other")]
    rows = agreements(audit_of(*films).pairs[BODY_PART])
    assert [row.claim for row in rows] == [("spine",), SILENT]
    share = overall(rows)
    assert share.value == pytest.approx(0.9)
    assert share.low == pytest.approx(0.5550, abs=1e-4) and share.high == pytest.approx(
        0.9975, abs=1e-4
    )  # R: binom.test


def test_an_age_is_compared_where_a_chest_is_seen_and_not_with_the_body_part() -> None:
    films = (
        film("right", "adult_chest", "HAND", 40.0),
        film("wrong", "adult_chest", "CHEST", 4.0),
        film("hand", "other", "HAND", 40.0),
        film("young", "pediatric_chest", "", 14.0),
    )
    audit = audit_of(*films)
    by_age, by_part = agreements(audit.pairs[AGE]), agreements(audit.pairs[BODY_PART])
    assert [(row.claim, row.films) for row in by_age] == [(("adult_chest",), 1), (("pediatric_chest",), 1), (SILENT, 1)]
    assert (telling(by_age), overall(by_age).value) == (2, 0.5)
    assert (telling(by_part), overall(by_part).value) == (3, pytest.approx(2 / 3))


def test_words_that_are_not_known_are_counted() -> None:
    audit = audit_of(film("a", "other", "DOE"), film("b", "other", "BACK"), film("c", "other", ""))
    assert audit.unknown_words == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(CLASSES),
            st.sampled_from(["", "CHEST", "HAND", "NONSENSE"]),
            st.sampled_from([None, 4.0, 40.0]),
        )
    )
)
def test_what_agrees_and_what_contradicts_add_up(films: list[tuple[str, str, float | None]]) -> None:
    audit = audit_of(*(film(str(n), *each) for n, each in enumerate(films)))
    for tag, contradicted in ((BODY_PART, "part_allows"), (AGE, "age_allows")):
        rows = [row for row in agreements(audit.pairs[tag]) if row.claim != SILENT]
        agreeing = sum(round((row.share.value or 0) * row.films) for row in rows)
        results = [each.result for each in audit.contradictions]
        allowed = [(result.label, getattr(result.claim, contradicted)) for result in results]
        assert agreeing + sum(bool(these) and label not in these for label, these in allowed) == telling(rows)
