"""Two models on the same labelled films: how much more often one is right, with its interval.

Films and weights are those of ``performance``: drawn at random, each for as many as its site's night had for every one
with a label. Both models answer each film, so that a resample of patients gives both figures, and their difference, at
once: what is hard for both does not blur it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from dicom_router.evaluation.bootstrap import Bootstrap, patient_sums, resample
from dicom_router.evaluation.estimates import NO_IMAGE, NO_SPREAD, Estimate, Sampled, estimate
from dicom_router.evaluation.predictions import Floats, count_patients
from dicom_router.figures import in_words, signed_in_words
from dicom_router.model.answers import ROUTE
from dicom_router.monitoring.feedback.performance import patients_of, ratio, ratios, weights_of
from dicom_router.monitoring.log.pairs import pairs
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.log.tables import FEEDBACK
from dicom_router.monitoring.periods import Period

AT_ONCE: Final = 4096
NAME: Final = "paired feedback"  # of its random numbers
ROUTED: Final = "patient with a film routed"


@dataclass(frozen=True)
class Paired:
    """What labels say of two models; differences are of the second minus the first."""

    films: int  # that both answered
    drawn: int  # of these, drawn films with a label
    patients: int  # of these
    accuracy: Estimate  # difference
    wrong_first: Estimate  # share wrong, of the films that the first routed
    wrong_second: Estimate
    wrong: Estimate  # difference

    @property
    def meaning(self) -> str:
        """Say in words what the difference of the accuracies is good for."""
        if not self.drawn:
            return "no film that both answered was drawn and labelled: nobody knows which is right"
        if self.accuracy.reason == NO_SPREAD and self.accuracy.value == 0:
            return "both are right and wrong on the same films"
        if self.accuracy.reason == NO_SPREAD:
            return "the same difference for every patient, which leaves nothing to make an interval of"
        if self.accuracy.low is None or self.accuracy.high is None:
            return "nothing can be concluded from it yet"
        if self.accuracy.low > 0:
            return "the challenger is right more often"
        if self.accuracy.high < 0:
            return "the challenger is right less often"
        return "these labels do not show which is right more often"

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return it in words, the second model being the challenger and the first the champion."""
        if not self.drawn:
            return (self.meaning,)
        figures = (self.accuracy, self.wrong_first, self.wrong_second, self.wrong)
        accuracy, first, second, wrong = (each.to_dict() for each in figures)
        return (
            f"accuracy, challenger minus champion: {signed_in_words(accuracy)}, on {self.drawn:,} drawn films of"
            f" {self.patients:,} patients: {self.meaning}",
            f"wrong, of routed: {in_words(second)} by the challenger, {in_words(first)} by the champion,"
            f" difference {signed_in_words(wrong)}"
            if self.wrong.value is not None
            else "one of them routed none of these, so that nothing is known of what is wrong among the routed",
        )


def paired(
    log: PredictionLog,
    first: str,
    second: str,
    period: Period,
    timezone: str,
    settings: Bootstrap,
    site: str | None = None,
) -> Paired:
    """Return how the model ``second`` compares with ``first`` at ``site``, or everywhere, in ``period``."""
    wanted = select(FEEDBACK.c.image, FEEDBACK.c.label).where(FEEDBACK.c.drawn.is_(True))
    labels = {row["image"]: row["label"] for row in log.rows(wanted, AT_ONCE)}
    answered: Counter[tuple[str, date]] = Counter()
    strata, films = list[tuple[str, date]](), list[Row]()
    for film in pairs(log, first, second, period, site):
        stratum = film["site"], film["received"].astimezone(ZoneInfo(timezone)).date()
        answered[stratum] += 1
        if film["image"] in labels:
            strata.append(stratum)
            films.append({**film, "truth": labels[film["image"]]})
    weights = weights_of(strata, answered)
    return _paired(answered.total(), films, weights, settings) if films else _nothing(answered.total())


def _paired(answered: int, films: Sequence[Row], weights: Floats, settings: Bootstrap) -> Paired:
    patients = patients_of(films)
    right = {name: np.array([film[name] == film["truth"] for film in films]) for name in ("first", "second")}
    routed = {name: np.array([film[f"{name}_decision"] == ROUTE for film in films]) for name in right}
    gained = right["second"].astype(float) - right["first"]
    columns = [np.ones(len(films)), gained]
    for name in right:
        columns += [routed[name], routed[name] & ~right[name]]
    sums = patient_sums(np.column_stack(columns) * weights[:, None], patients)
    whole, replicates = sums.sum(axis=0), resample(sums, settings.resamples, settings.generator(NAME))
    n = count_patients(patients)
    wrong = [
        Sampled(
            ratio(whole, at + 1, at), ratios(replicates, at + 1, at), count_patients(patients[routed[name]]), ROUTED
        )
        for name, at in (("first", 2), ("second", 4))
    ]
    return Paired(
        films=answered,
        drawn=len(films),
        patients=n,
        accuracy=estimate(Sampled(ratio(whole, 1, 0), ratios(replicates, 1, 0), n), settings),
        wrong_first=estimate(wrong[0], settings),
        wrong_second=estimate(wrong[1], settings),
        wrong=estimate(wrong[1].minus(wrong[0]), settings),
    )


def _nothing(answered: int) -> Paired:
    none = Estimate.undefined(NO_IMAGE)
    return Paired(answered, 0, 0, none, none, none, none)
