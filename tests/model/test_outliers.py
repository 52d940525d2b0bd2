"""Telling what is unlike the training."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_router.errors import ModelError
from dicom_router.model.outlier_fitting import fit_statistics, outlier_limit
from dicom_router.model.outliers import FILE, FeatureStatistics, rooted


def clouds(count: int, seed: int = 0, centres: int = 5, size: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return features ``(count, size)`` around ``centres`` points, and which."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % centres
    middles = np.random.default_rng(9).normal(0, 3, (centres, size)) + 5
    return (middles[labels] + rng.normal(0, 0.5, (count, size))).astype(np.float32), labels


@pytest.fixture(scope="module")
def statistics() -> FeatureStatistics:
    return fit_statistics(*clouds(200))


def test_what_lies_between_the_classes_scores_higher_than_any_known(statistics: FeatureStatistics) -> None:
    known, labels = clouds(100, seed=1)
    between = (known[labels == 0] + known[labels == 1]) / 2
    assert statistics.scores(between).min() > statistics.scores(known).max()


def test_scores_are_squared_mahalanobis_distances_to_the_nearest_mean(statistics: FeatureStatistics) -> None:
    features, _ = clouds(3, seed=2)
    precision = statistics.whitening.astype(np.float64) @ statistics.whitening.T
    differences = rooted(features)[:, np.newaxis] - statistics.means
    expected = np.einsum("nkf,fg,nkg->nk", differences, precision, differences).min(axis=1)
    np.testing.assert_allclose(statistics.scores(features), expected, rtol=1e-6)


def test_fewer_films_than_features_will_do() -> None:
    statistics = fit_statistics(*clouds(20))
    assert np.isfinite(statistics.scores(clouds(5, seed=1)[0])).all()


def test_a_class_without_films_has_no_mean() -> None:
    features, labels = clouds(60)
    some = labels != 2
    assert len(fit_statistics(features[some], labels[some]).means) == 4


@pytest.mark.parametrize("count", [0, 1, 5])
def test_without_films_to_learn_from_nothing_is_told(count: int) -> None:
    statistics = fit_statistics(*clouds(count))
    assert statistics.scores(clouds(3)[0]).tolist() == [0, 0, 0]


def test_what_is_written_is_what_is_read_and_always_the_same(statistics: FeatureStatistics, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(statistics.to_bytes())
    features = clouds(10, seed=3)[0]
    loaded = FeatureStatistics.load(tmp_path / FILE)
    assert loaded.to_bytes() == statistics.to_bytes()
    np.testing.assert_array_equal(loaded.scores(features), statistics.scores(features))


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_a_damaged_file_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        FeatureStatistics.load(tmp_path / FILE)


@pytest.mark.parametrize(
    ("films", "share", "rank"), [(99, 0.01, 99), (199, 0.01, 198), (98, 0.01, 98), (1000, 0.05, 951), (1, 0.01, 1)]
)
def test_the_limit_is_the_conformal_quantile(films: int, share: float, rank: int) -> None:
    limit = outlier_limit(np.random.default_rng(0).permutation(films) + 1.0, share)
    assert limit.limit == rank
    assert limit.known_share == pytest.approx(1 - rank / (films + 1))


@given(st.integers(1, 500), st.floats(0.001, 0.5))
def test_the_share_is_kept_where_there_are_enough_films(films: int, share: float) -> None:
    known_share = outlier_limit(np.arange(films, dtype=np.float64), share).known_share
    assert known_share is not None and known_share <= max(share, 1 / (films + 1)) + 1e-9


def test_no_film_gives_no_limit() -> None:
    limit = outlier_limit(np.empty(0), 0.01)
    assert (limit.limit, limit.known_share, limit.largest) == (None, None, np.inf)


def test_known_films_exceed_the_limit_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(5)
    exceeding = [(rng.normal(size=50) > outlier_limit(rng.normal(size=99), 0.05).largest).mean() for _ in range(400)]
    assert np.mean(exceeding) == pytest.approx(0.05, abs=0.01)
