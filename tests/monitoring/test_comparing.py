"""Two samples compared: what is alike is left alone, and what differs is found and measured."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest, chi2_contingency

from dicom_router.monitoring.drift.comparing import (
    Difference,
    centred,
    compare_amounts,
    compare_embeddings,
    compare_growth,
    compare_mix,
    compare_shares,
    discoveries,
    mix_table,
)

Random = np.random.Generator
RUNS = 200


def draw_mix(random: Random, moved: float) -> Difference:
    usual, now = (random.choice(list("abcd"), n, p=(0.4 - by, 0.3, 0.2, 0.1 + by)) for n, by in ((120, 0), (30, moved)))
    return compare_mix(list(usual), list(now), 499, 1)


def draw_share(random: Random, moved: float) -> Difference:
    return compare_shares(random.random(120) < 0.1, random.random(40) < 0.1 + moved)


def draw_amount(random: Random, moved: float) -> Difference:
    return compare_amounts(random.normal(size=120), random.normal(size=40) + 2 * moved)


def draw_embedding(random: Random, moved: float) -> Difference:
    return compare_embeddings(random.normal(size=(40, 8)), random.normal(size=(20, 8)) + moved, None, 199, 1)


DRAWS = {draw.__name__: draw for draw in (draw_mix, draw_share, draw_amount, draw_embedding)}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_without_a_change_p_is_seldom_small(draw: Callable[[Random, float], Difference]) -> None:
    small = sum(draw(np.random.default_rng(seed), 0.0).p <= 0.05 for seed in range(RUNS))
    assert binomtest(small, RUNS, 0.05, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_change_is_found_and_measured(draw: Callable[[Random, float], Difference]) -> None:
    found = [draw(np.random.default_rng(seed), 0.4) for seed in range(20)]
    assert sum(each.p < 0.05 for each in found) >= 15
    usual = np.mean([draw(np.random.default_rng(seed), 0.0).effect for seed in range(20)])
    assert np.mean([each.effect for each in found]) > 1.5 * usual


def test_the_mix_is_compared_as_scipy_does_where_counts_are_large_and_nearly_so_where_they_are_small() -> None:
    usual, now = list("a" * 60 + "b" * 30 + "c" * 20), list("a" * 15 + "b" * 20 + "c" * 5)
    expected = chi2_contingency(mix_table(usual, now), correction=False).pvalue
    assert compare_mix(usual, now, 99, 1).p == pytest.approx(expected)
    few = list("a" * 10 + "b" * 10 + "c" * 3)
    approximate = chi2_contingency(mix_table(usual, few), correction=False).pvalue
    assert compare_mix(usual, few, 9999, 1).p == pytest.approx(approximate, abs=0.02)


def test_rare_kinds_count_as_one() -> None:
    table = mix_table(["a"] * 50 + list("uvwxyz"), ["a"] * 20 + list("mnopq"))
    assert sorted(table.T.tolist()) == [[6, 5], [50, 20]]


def test_only_growth_counts_of_what_is_refused() -> None:
    usual, none = np.arange(200) < 40, np.zeros(50, bool)
    assert compare_growth(usual, none) == Difference(1.0, 0.0)
    assert compare_growth(none, usual).p < 0.001


def test_another_mix_of_classes_is_no_change_within_classes() -> None:
    random = np.random.default_rng(0)
    labels, later = random.choice(["a", "b"], 120, p=(0.8, 0.2)), random.choice(["a", "b"], 60, p=(0.3, 0.7))
    usual, now = (random.normal(size=(len(each), 8)) + 3 * (each == "a")[:, None] for each in (labels, later))
    assert compare_embeddings(usual, now, None, 499, 1).p < 0.01
    assert compare_embeddings(usual, now, (labels, later), 499, 1).p > 0.05
    values = (usual[:, 0], labels, now[:, 0], later)
    assert compare_amounts(values[0], values[2]).p < 0.01
    assert compare_amounts(*centred(*values, least=10)).p > 0.05


def test_a_change_within_classes_is_found_whatever_the_mix() -> None:
    random = np.random.default_rng(0)
    labels, later = np.array(list("ab" * 60)), np.array(list("aaab" * 15))
    usual, now = random.normal(size=(120, 8)), random.normal(size=(60, 8)) + 0.5
    assert compare_embeddings(usual, now, (labels, later), 499, 1).p < 0.01


def test_classes_that_are_new_or_alone_are_left_out() -> None:
    random = np.random.default_rng(0)
    usual, now = random.normal(size=(20, 4)), random.normal(size=(20, 4)) + 9
    strata = (np.array(["a"] * 20), np.array(["b"] * 20))
    assert compare_embeddings(usual, now, strata, 99, 1) == Difference(1.0, 0.0)
    assert [len(side) for side in centred(usual[:, 0], strata[0], now[:, 0], strata[1], 5)] == [20, 0]


def test_the_more_signals_the_surer_each_must_be() -> None:
    assert discoveries([0.01]) == [0.01]
    assert discoveries([0.01, 0.5, 0.9])[0] == pytest.approx(0.03)
    assert discoveries([]) == []
