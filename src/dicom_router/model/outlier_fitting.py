"""The statistics that outliers are told by, from training films, and the limit, from films that were not trained on."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from dicom_router.model.outliers import FeatureStatistics, rooted

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class OutlierLimit:
    """The largest score of a film that is taken for known; None where no film says how large scores are."""

    limit: float | None
    films: int  # that it was chosen from
    known_share: float | None  # of films like those, that score higher: at most

    @property
    def largest(self) -> float:
        """Return the limit as a number; infinite where there is none."""
        return np.inf if self.limit is None else self.limit


def fit_statistics(features: Floats, labels: NDArray[np.int64]) -> FeatureStatistics:
    """Return class means and whitening of ``features`` ``(N, F)`` with ``labels`` ``(N,)``.

    The covariance is shrunk towards a sphere (Ledoit and Wolf 2004, J. Multivariate Analysis 88:365), so that
    it has an inverse with fewer films than features.
    """
    points, places = rooted(features), np.unique(labels, return_inverse=True)[1]
    n_classes = int(places.max(initial=-1)) + 1
    means = np.array([points[places == place].mean(axis=0) for place in range(n_classes)]).reshape(-1, points.shape[1])
    if len(points) <= n_classes:
        return FeatureStatistics(np.empty((0, points.shape[1]), np.float32), np.eye(points.shape[1], dtype=np.float32))
    shrunk = LedoitWolf(assume_centered=True).fit(points - means[places])
    whitening = np.linalg.cholesky(shrunk.precision_)
    return FeatureStatistics(means.astype(np.float32), whitening.astype(np.float32))


def outlier_limit(scores: NDArray[np.float64], share: float) -> OutlierLimit:
    """Return the limit that at most ``share`` of further films like those with ``scores`` ``(N,)`` exceed.

    The conformal quantile: the score of rank ``ceil((N + 1) * (1 - share))`` (Vovk, Gammerman and Shafer 2005,
    section 2.2; Angelopoulos and Bates 2023, section 1). It holds for a further film drawn as these were; films of one
    patient are drawn together, so with many films a patient it varies more. Where N is too
    small for the rank to exist, the largest score is the limit, which ``1 / (N + 1)`` exceed.
    """
    films = len(scores)
    if not films:
        return OutlierLimit(None, 0, None)
    rank = min(films, ceil((films + 1) * (1 - share) - 1e-9))
    return OutlierLimit(float(np.sort(scores)[rank - 1]), films, 1 - rank / (films + 1))
