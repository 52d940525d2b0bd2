"""Two samples compared: how sure a difference is, and how large. Units are studies; SciPy's tests where it has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import chi2_contingency, false_discovery_control, fisher_exact, ks_2samp, pearson3, skew

Floats = NDArray[np.float64]
Texts = NDArray[np.str_]
Mask = NDArray[np.bool_]

RARE: Final = 10  # kinds with fewer studies on both sides together are counted as one
EXPECTED: Final = 5.0  # smaller expected counts: the chi-squared distribution is no longer trusted (Cochran 1954)
EXCEEDING: Final = 10
WIDE: Final = 0.98


@dataclass(frozen=True)
class Difference:
    """What a test found: ``p`` that chance alone does as much, and ``effect``, from 0 (alike) to 1.

    ``chance`` is the effect that 98 of 100 pairs of such samples stay below where nothing has changed, if it was drawn.
    """

    p: float
    effect: float
    chance: float = 0.0


def compare_mix(usual: Sequence[str], now: Sequence[str], permutations: int, seed: int) -> Difference:
    """Compare the shares of kinds: chi-squared test of homogeneity, by permutation where counts are small.

    The effect is the total variation distance: the share of the studies that would have to be of another kind.
    """
    table = mix_table(usual, now)
    if table.shape[1] < 2:
        return Difference(1.0, 0.0)
    shares = table / table.sum(axis=1, keepdims=True)
    found = chi2_contingency(table, correction=False)
    draws = _draw_tables(table, permutations, seed)
    p = found.pvalue if found.expected_freq.min() >= EXPECTED else _permuted(table, draws)
    others = table.sum(axis=0) - draws
    distances = np.abs(draws / table[1].sum() - others / table[0].sum()).sum(axis=1) / 2
    return Difference(float(p), float(np.abs(shares[0] - shares[1]).sum() / 2), float(np.quantile(distances, WIDE)))


def _draw_tables(table: NDArray[np.int64], permutations: int, seed: int) -> NDArray[np.int64]:
    """Return second rows ``(B, K)`` of tables with the margins of ``table`` ``(2, K)``."""
    random = np.random.default_rng(seed)
    return random.multivariate_hypergeometric(table.sum(axis=0), int(table[1].sum()), size=permutations)


def _permuted(table: NDArray[np.int64], draws: NDArray[np.int64]) -> float:
    """Return the p of the chi-squared statistic of ``table`` ``(2, K)`` among tables with the same margins."""
    columns, now = table.sum(axis=0), int(table[1].sum())
    expected = columns * (now / table.sum())
    # With both margins fixed, the statistic grows with this sum over the second row.
    return permuted_p(((np.concatenate([table[1:], draws]) - expected) ** 2 / expected).sum(axis=1))


def permuted_p(statistics: Floats) -> float:
    """Return the p of the first of ``statistics`` ``(1 + B,)`` among the others, which permutations gave.

    It cannot be less than ``1 / (1 + B)``. Where fewer than ``EXCEEDING`` permutations reach the first, the tail of the
    Pearson type III distribution with their mean, variance and skewness goes on from there (as Josse, Pages and Husson
    2008, Computational Statistics and Data Analysis 53:82, do for distances; Knijnenburg 2009, Bioinformatics 25:i161,
    for the idea and the number).
    """
    seen, others = statistics[0], statistics[1:]
    reached = np.count_nonzero(others >= seen - 1e-9 * abs(seen))
    p = (1 + reached) / (1 + len(others))
    spread = float(others.std())
    if reached >= EXCEEDING or spread == 0:
        return float(p)
    return float(min(p, pearson3.sf(seen, skew(others), loc=others.mean(), scale=spread)))


def mix_table(usual: Sequence[str], now: Sequence[str]) -> NDArray[np.int64]:
    """Return the counts ``(2, K)`` of each kind, the rare ones together."""
    kinds, places = np.unique([*usual, *now], return_inverse=True)
    counts = np.stack([np.bincount(part, minlength=len(kinds)) for part in np.split(places, [len(usual)])])
    rare = counts.sum(axis=0) < RARE
    together = np.concatenate([counts[:, ~rare], counts[:, rare].sum(axis=1, keepdims=True)], axis=1)
    kept: NDArray[np.int64] = together[:, together.sum(axis=0) > 0].astype(np.int64)
    return kept


def compare_shares(usual: Mask, now: Mask) -> Difference:
    """Compare two shares: Fisher's exact test, two-sided. The effect is their difference."""
    table = [[int(part.sum()), int((~part).sum())] for part in (usual, now)]
    return Difference(float(fisher_exact(table).pvalue), float(abs(usual.mean() - now.mean())))


def compare_growth(usual: Mask, now: Mask) -> Difference:
    """Compare two shares where only growth counts: Fisher's exact test, one-sided. The effect is the growth."""
    table = [[int(part.sum()), int((~part).sum())] for part in (now, usual)]
    p = fisher_exact(table, alternative="greater").pvalue
    return Difference(float(p), float(max(now.mean() - usual.mean(), 0.0)))


def compare_amounts(usual: Floats, now: Floats) -> Difference:
    """Compare two distributions: Kolmogorov and Smirnov's test. The effect is its statistic.

    That is the largest distance of the two cumulative distributions: 0.3 says that there is a value below which 30%
    more of the studies lie on one side than on the other.
    """
    found = ks_2samp(usual, now)
    return Difference(float(min(found.pvalue, 1.0)), float(found.statistic))


def centred(usual: Floats, labels: Texts, now: Floats, now_labels: Texts, least: int) -> tuple[Floats, Floats]:
    """Return both sides less the usual median of their label; studies of labels with few usual ones are left out."""
    counts = dict(zip(*np.unique(labels, return_counts=True), strict=True))
    medians = {label: np.median(usual[labels == label]) for label, n in counts.items() if n >= least}
    sides = []
    for values, names in ((usual, labels), (now, now_labels)):
        kept = np.isin(names, list(medians))
        sides.append(values[kept] - np.array([medians[name] for name in names[kept]]).reshape(-1))
    return sides[0], sides[1]


def compare_embeddings(
    usual: Floats, now: Floats, strata: tuple[Texts, Texts] | None, permutations: int, seed: int
) -> Difference:
    """Compare features ``(N, F)`` and ``(M, F)`` by their energy distance, its p by permutation.

    Szekely and Rizzo 2013 (J. Statistical Planning and Inference 143:1249). The effect is their energy coefficient
    ``E / (2 E|X - Y|)``, with unbiased means, so that alike samples are at 0 whatever their size. With ``strata``, the
    labels of both sides, distances are taken, and studies are exchanged, within each label alone.
    """
    everything = np.concatenate([usual, now]).astype(np.float32)
    groups = np.zeros(len(everything), np.int64) if strata is None else _places(*strata)
    is_now = np.arange(len(everything)) >= len(usual)
    parts = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    parts = [part for part in parts if min(is_now[part].sum(), (~is_now[part]).sum()) >= 2]
    if not parts:
        return Difference(1.0, 0.0)
    random = np.random.default_rng(seed)
    between, within = np.zeros(permutations + 1), np.zeros(permutations + 1)
    for part in parts:
        distances = cdist(everything[part], everything[part]).astype(np.float32)
        drawn = _draws(is_now[part], permutations, random)
        weight = is_now[part].sum()
        xy, inner = _means(distances, drawn)
        between += weight * xy
        within += weight * inner
    energy = 2 * between - within
    effects = np.maximum(energy / np.where(between > 0, 2 * between, np.inf), 0.0)
    return Difference(permuted_p(energy), float(effects[0]), float(np.quantile(effects[1:], WIDE)))


def _places(usual: Texts, now: Texts) -> NDArray[np.int64]:
    return np.unique(np.concatenate([usual, now]), return_inverse=True)[1].astype(np.int64)


def _draws(is_now: Mask, permutations: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Return memberships ``(1 + permutations, N)``, the true one first."""
    shuffled = random.permuted(np.tile(is_now, (permutations, 1)), axis=1)
    return np.concatenate([is_now[None], shuffled]).astype(np.float32)


def _means(distances: NDArray[np.float32], members: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return the mean distance between the sides, and the sum of those within each, ``(B,)`` each."""
    m = float(members[0].sum())
    n = members.shape[1] - m
    reached = members @ distances
    total = float(distances.sum(dtype=np.float64))
    inside = np.einsum("bn,bn->b", reached, members, dtype=np.float64)
    out = reached.sum(axis=1, dtype=np.float64)
    across = out - inside
    others = total - inside - 2 * across
    return across / (m * n), inside / (m * (m - 1)) + others / (n * (n - 1))


def discoveries(p_values: Sequence[float]) -> list[float]:
    """Return each p adjusted for the number of them (Benjamini and Hochberg 1995, JRSS B 57:289).

    Where nothing changed at all, one of them is below ``significance`` in a share of ``significance`` of the nights.
    """
    return [float(p) for p in false_discovery_control(p_values)] if p_values else []
