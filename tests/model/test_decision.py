"""Route or review."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from model.rules import ADULT, CHILD, COSTS, features, thresholds

from dicom_router.labels import CLASSES
from dicom_router.model.answers import Decision, Guarantee, ReviewReason
from dicom_router.model.decision import (
    LOOK,
    Rule,
    certainties,
    cost_matrix,
    expected_costs,
    routable,
)

MATRIX = cost_matrix(COSTS)
LOGITS = arrays(np.float32, (7, 5), elements=st.floats(-50, 50, width=32))


def logits_of(**probabilities: float) -> np.ndarray:
    """Return logits ``(1, 5)`` that give ``probabilities``, the rest shared by the others."""
    rest = (1 - sum(probabilities.values())) / (5 - len(probabilities))
    return np.log(np.array([[probabilities.get(name, rest) for name in CLASSES]]))


def rule(strictness: float = 1.0, limit: float = 1.0) -> Rule:
    return Rule(MATRIX, strictness, limit)


def test_the_expected_cost_is_that_of_the_mistakes() -> None:
    logits = logits_of(adult_chest=0.9, pediatric_chest=0.04)
    assert expected_costs(logits, MATRIX, 1.0) == pytest.approx([0.04 * 50 + 0.06 * 10])


@pytest.mark.parametrize(("doubt", "routed"), [("spine", True), ("pediatric_chest", False)])
def test_the_same_doubt_sends_to_review_where_the_mistake_costs_more(doubt: str, routed: bool) -> None:
    logits = logits_of(adult_chest=0.93, **{doubt: 0.05})
    assert routable(logits, MATRIX, 1.0).tolist() == [routed]


def test_a_child_is_doubted_less_than_an_adult_with_the_same_probabilities() -> None:
    either = np.concatenate([logits_of(adult_chest=0.95), logits_of(pediatric_chest=0.95)])
    either[0, CHILD] = either[1, ADULT] = np.log(0.04)
    adult, child = certainties(either, MATRIX)
    assert adult < child


@given(arrays(np.float32, (7, 5), elements=st.floats(width=32)), arrays(np.float64, 7))
def test_every_film_gets_one_decision_and_a_reason_if_it_is_review(logits: np.ndarray, scores: np.ndarray) -> None:
    decisions = rule().decide(logits, scores)
    assert len(decisions) == 7
    for decision in decisions:
        assert decision.label in CLASSES
        assert decision.action == ("review" if decision.reasons else "route")


@given(LOGITS, st.floats(0.01, 100), st.floats(1, 10))
def test_a_stricter_rule_routes_no_other_films(logits: np.ndarray, strictness: float, factor: float) -> None:
    loose, strict = (routable(logits, MATRIX, each) for each in (strictness, strictness * factor))
    assert not (strict & ~loose).any()


@given(LOGITS, st.floats(0.05, 20))
def test_certainty_is_the_highest_strictness_that_routes(logits: np.ndarray, strictness: float) -> None:
    certainty = certainties(logits, MATRIX)
    clear = np.abs(certainty / strictness - 1) > 1e-6
    assert (routable(logits, MATRIX, strictness) == (certainty >= strictness))[clear].all()


@given(LOGITS, st.floats(0.01, 100))
def test_where_routing_costs_no_more_than_a_look_no_other_route_is_cheaper(
    logits: np.ndarray, strictness: float
) -> None:
    scaled = logits.astype(np.float64) / strictness
    odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    every_route = odds / odds.sum(axis=1, keepdims=True) @ MATRIX
    routed = routable(logits, MATRIX, strictness)
    assert (every_route[routed] >= expected_costs(logits, MATRIX, strictness)[routed, np.newaxis] - 1e-9).all()


@given(LOGITS, st.floats(0.1, 10))
def test_dearer_mistakes_never_route_more(logits: np.ndarray, strictness: float) -> None:
    assert not (routable(logits, 2 * MATRIX, strictness) & ~routable(logits, MATRIX, strictness)).any()


def test_what_is_not_a_number_is_reviewed() -> None:
    (decision,) = rule().decide(np.full((1, 5), np.nan), np.array([np.nan]))
    assert decision.reasons == (ReviewReason.UNSURE, ReviewReason.OUTLIER)


def test_a_sure_outlier_is_reviewed_for_that_alone() -> None:
    logits = logits_of(spine=0.999)
    assert rule(limit=1.0).decide(logits, np.array([1.5])) == (Decision("spine", (ReviewReason.OUTLIER,)),)
    assert rule(limit=1.0).decide(logits, np.array([1.0])) == (Decision("spine"),)


def test_a_specification_without_a_limit_knows_no_outliers() -> None:
    loaded = Rule.from_specification({"thresholds": thresholds(2.0), "features": features()})
    assert (loaded.strictness, loaded.outlier_limit) == (2.0, np.inf)
    assert loaded.costs[CHILD, ADULT] == 50 and LOOK == 1


@pytest.mark.parametrize(
    ("certified", "said"),
    [
        (0.005, "guarantee met: certified at 0.50% with 95% confidence"),
        (0.1171, "guarantee not met: certified only at 11.8% (asked for 0.50%)"),
        (None, "guarantee not met: nothing is certified (asked for 0.50%)"),
    ],
)
def test_the_guarantee_says_what_it_is(certified: float | None, said: str) -> None:
    guarantee = Guarantee(0.005, 0.95, certified)
    assert guarantee.statement == said
    assert guarantee.met == (certified == 0.005)
