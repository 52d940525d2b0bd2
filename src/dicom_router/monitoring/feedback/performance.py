"""How good the model was, by films that people labelled.

What people correct is mostly what was wrong or flagged, so that the share of right answers among all labels says
nothing of all films. Films that were drawn at random do: of a night with N answered films of which n drawn ones have a
label, each stands for N / n (Horvitz and Thompson 1952, JASA 47:663; the ratio of two such sums is Hajek's estimator).
That labels are missing at random among the drawn is assumed. Intervals resample patients.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from dicom_router.evaluation.bootstrap import Bootstrap, patient_sums, resample
from dicom_router.evaluation.estimates import NO_IMAGE, Estimate, Sampled, estimate
from dicom_router.evaluation.predictions import Floats, Integers, count_patients
from dicom_router.figures import in_words
from dicom_router.model.answers import ROUTE
from dicom_router.monitoring.log import nights
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.log.tables import FEEDBACK
from dicom_router.monitoring.periods import Period

COLUMNS: Final = ("image", "study", "patient", "received", "label", "decision")
AT_ONCE: Final = 4096
NAME: Final = "feedback"  # of its random numbers


@dataclass(frozen=True)
class Performance:
    """What the labels of a period say of a model; figures with intervals are of all its answered films."""

    films: int  # answered
    drawn: int  # with a label
    patients: int  # of these
    accuracy: Estimate
    routed_error: Estimate  # share wrong, of the films that were routed
    others: int  # films with a label that were not drawn
    corrected: int  # of these, films that the model took for something else

    @property
    def lines(self) -> list[str]:
        """Return it as lines of text."""
        return [
            f"labelled          {self.drawn:,} drawn films of {self.patients:,} patients, for {self.films:,} films",
            f"accuracy          {in_words(self.accuracy.to_dict())}",
            f"wrong, of routed  {in_words(self.routed_error.to_dict())}",
            f"not drawn         {self.others:,} films with a label, {self.corrected:,} corrected: in no estimate",
        ]


def performance(
    log: PredictionLog, site: str, model: str, period: Period, timezone: str, settings: Bootstrap
) -> Performance:
    """Return how good ``model`` was at ``site`` in ``period``."""
    labels = {row["image"]: row for row in log.rows(select(FEEDBACK).where(FEEDBACK.c.site == site), AT_ONCE)}
    answered: Counter[date] = Counter()
    labelled: list[tuple[date, Row]] = []
    for film in nights.films(log, COLUMNS, site, model, period):
        if film["label"]:
            night = film["received"].astimezone(ZoneInfo(timezone)).date()
            answered[night] += 1
            if film["image"] in labels:
                labelled.append((night, film))
    drawn = [(night, film) for night, film in labelled if labels[film["image"]]["drawn"]]
    others = [film for _, film in labelled if not labels[film["image"]]["drawn"]]
    weights = weights_of([night for night, _ in drawn], answered)
    films = [film for _, film in drawn]
    accuracy, routed_error, patients = _estimates(films, weights, labels, settings)
    corrected = sum(film["label"] != labels[film["image"]]["label"] for film in others)
    return Performance(answered.total(), len(films), patients, accuracy, routed_error, len(others), corrected)


def sites_with_labels(log: PredictionLog) -> list[str]:
    """Return the sites of which a film has a label, sorted."""
    return sorted(row["site"] for row in log.rows(select(FEEDBACK.c.site).distinct(), AT_ONCE))


def weights_of(drawn: Sequence[Hashable], answered: Mapping[Any, int]) -> Floats:
    """Return how many answered films each drawn one stands for ``(N,)``; both are by night, or by site and night."""
    labelled = Counter(drawn)
    return np.array([answered[each] / labelled[each] for each in drawn], dtype=np.float64)


def _estimates(
    films: Sequence[Row], weights: Floats, labels: Mapping[str, Row], settings: Bootstrap
) -> tuple[Estimate, Estimate, int]:
    """Return accuracy, share of wrong ones among the routed, and the number of patients."""
    if not films:
        return Estimate.undefined(NO_IMAGE), Estimate.undefined(NO_IMAGE), 0
    right = np.array([film["label"] == labels[film["image"]]["label"] for film in films])
    routed = np.array([film["decision"] == ROUTE for film in films])
    patients = patients_of(films)
    terms = np.column_stack([weights, weights * right, weights * routed, weights * (routed & ~right)])
    sums = patient_sums(terms, patients)
    replicates = resample(sums, settings.resamples, settings.generator(NAME))
    whole = sums.sum(axis=0)
    n, of_routed = count_patients(patients), count_patients(patients[routed])
    accuracy = estimate(Sampled(ratio(whole, 1, 0), ratios(replicates, 1, 0), n), settings)
    wrong = Sampled(ratio(whole, 3, 2), ratios(replicates, 3, 2), of_routed, "patient with a film routed")
    return accuracy, estimate(wrong, settings), n


def ratio(sums: Floats, part: int, whole: int) -> float:
    """Return a ratio of two of ``(K,)``, NaN where there is nothing to divide by."""
    return float(ratios(sums[None], part, whole)[0])


def ratios(sums: Floats, part: int, whole: int) -> Floats:
    """Return a ratio of two columns of ``(B, K)``, NaN where there is nothing to divide by."""
    return np.asarray(
        np.divide(sums[:, part], sums[:, whole], out=np.full(len(sums), np.nan), where=sums[:, whole] > 0)
    )


def patients_of(films: Iterable[Row]) -> Integers:
    """Return ``(N,)``, equal where the patient is; films of nobody are told apart by their study."""
    names: list[Any] = [film["patient"] or f"study {film['study']}" for film in films]
    return np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
