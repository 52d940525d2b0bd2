"""What a site's films are compared with: its own, of the nights that somebody signed off, or else the test films."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router.labels import CLASSES
from dicom_router.model.outliers import rooted
from dicom_router.model.test_films import TestFilms
from dicom_router.monitoring.drift.studies import COLUMNS, STUDY_COLUMNS, embed, film_table, study_table
from dicom_router.monitoring.log import nights
from dicom_router.monitoring.log.records import PredictionLog, Row

Vectors = NDArray[np.float64]
NONE: Final = 0  # in place of the number of a commission


class Standing(StrEnum):
    """How far a site can be judged; the words are those of the report."""

    COMMISSIONED = "commissioned"
    OTHER_MODEL = "commissioned with another version of the model, which scored none of these nights"
    NOT_COMMISSIONED = "not commissioned"
    TOGETHER = "commissioned sites where nothing shows, put together"
    INCOMPARABLE = "not commissioned, and this version of the model has no test films to compare with"


@dataclass(frozen=True)
class Side:
    """Studies, as ``study_table`` returns them, and how to get at what the network saw of some: ``(N, F)``."""

    studies: pd.DataFrame
    look: Callable[[pd.DataFrame], Vectors]

    @cached_property
    def answered(self) -> pd.DataFrame:
        """Return those that have an answer."""
        return self.studies[~self.studies["refused"].astype(bool)]


@dataclass(frozen=True)
class Commission:
    """A window of nights that somebody signed off as a site's reference."""

    number: int
    site: str
    since: date
    until: date
    model: str
    studies: int
    reviewed: int
    agreed: int
    confidence: float  # mean, of the reviewed films
    signed: str
    by: str
    because: str

    @classmethod
    def of(cls, row: Row) -> "Commission":
        """Take a row of the log."""
        same = {name: row[name] for name in ("site", "since", "until", "model", "studies", "reviewed", "agreed")}
        said = json.loads(row["agreement"])
        signed = f"{row['signed']:%Y-%m-%d %H:%M}"
        words = {"signed": signed, "by": row["by"], "because": row["because"]}
        return cls(number=row["commission"], confidence=said["confidence"], **same, **words)

    @property
    def nights(self) -> list[date]:
        """Return its nights."""
        return [self.since + timedelta(days=each) for each in range((self.until - self.since).days + 1)]


@dataclass(frozen=True)
class Reference:
    """What a site's nights are compared with."""

    standing: Standing
    side: Side | None
    commission: Commission | None = None
    has_headers: bool = True  # and image quality: test films have neither
    has_answers: bool = True  # of the version that scores now

    @property
    def number(self) -> int:
        """Return the number of the commission, or ``NONE``."""
        return NONE if self.commission is None else self.commission.number


TOGETHER: Final = Reference(Standing.TOGETHER, None)


def read_side(log: PredictionLog, site: str, model: str, first: date, last: date, timezone: str) -> Side:
    """Return the studies of ``site`` that were received in the nights from ``first`` to ``last``."""
    rows = nights.films(log, COLUMNS, site, model, nights.period_of(first, last, timezone))
    studies = study_table(film_table(rows, timezone))

    def look(some: pd.DataFrame) -> Vectors:
        return embed(some, nights.features(log, model, list(some["study"])))

    return Side(studies, look)


def find_reference(
    log: PredictionLog, site: str, model: str, night: date, films: TestFilms | None, timezone: str
) -> Reference:
    """Return what a night of ``site`` is compared with, the newest commission that was over by then."""
    signed = [Commission.of(row) for row in nights.commissions(log, site)]
    commission = next((each for each in signed if each.since <= night), None)
    if commission is None:
        side = None if films is None else side_of_test(films)
        standing = Standing.INCOMPARABLE if side is None else Standing.NOT_COMMISSIONED
        return Reference(standing, side, has_headers=False, has_answers=side is not None)
    window = (commission.since, commission.until, timezone)
    side = read_side(log, site, model, *window)
    if 2 * len(side.studies) >= commission.studies:
        return Reference(Standing.COMMISSIONED, side, commission)
    side = read_side(log, site, commission.model, *window)
    return Reference(Standing.OTHER_MODEL, side, commission, has_answers=False)


def side_of_test(films: TestFilms) -> Side:
    """Return the test films, a patient's as one study, with what is known of them."""
    table = pd.DataFrame({"study": films.patients, "label": np.array(CLASSES)[films.labels]})
    table = table.assign(confidence=films.confidence.astype(float), review=films.review, outlier=films.outlier)
    grouped = table.groupby("study")
    labels = grouped["label"].agg(lambda said: str(said.mode().min()))
    studies = pd.DataFrame({"label": labels, "confidence": grouped["confidence"].mean(), "films": grouped.size()})
    studies = studies.join(grouped[["review", "outlier"]].any()).reset_index()
    seen = rooted(films.features.astype(np.float32))
    means = np.zeros((len(studies), seen.shape[1]))
    np.add.at(means, films.patients, seen)
    means /= np.maximum(np.bincount(films.patients, minlength=len(studies)), 1)[:, None]
    missing: dict[str, Any] = {name: np.nan for name in STUDY_COLUMNS if name not in studies}
    return Side(studies.assign(refused=False, night=None, **missing), lambda some: means[some["study"].to_numpy(int)])
