"""Who is better: the rows of the leaderboard, ranked on validation and compared on the test split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any, Final

import numpy as np

from dicom_router.errors import DataError
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.confusion import counts, f1, image_counts, macro
from dicom_router.evaluation.estimates import Sampled, estimate
from dicom_router.evaluation.figures import Samples, mean_change, mean_samples
from dicom_router.evaluation.multiple import holm, two_sided_p
from dicom_router.evaluation.predictions import Predictions
from dicom_router.labels import CLASSES
from dicom_router.leaderboard.plan import Entrant
from dicom_router.leaderboard.running import COHORTS, Finished
from dicom_router.model.training.catalogue import TITLES

MACRO: Final = ("recall", "precision", "f1")
LEVEL: Final = 0.05
Document = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """An entrant with its finished trainings, one for each seed, and what each said of each cohort."""

    entrant: Entrant
    runs: tuple[Finished, ...]
    said: Mapping[str, tuple[Predictions, ...]]  # by cohort

    @property
    def score(self) -> float:
        """Return the mean macro F1 on validation, by which entrants are ranked."""
        return mean(_f1(predictions) for predictions in self.said["validation"])


def standing(finished: Sequence[Finished], settings: Bootstrap) -> Document:
    """Return the rows, the best first, and how they were made.

    An entrant that lacks a seed which another has is ranked by those it has; its row says how many.

    Raises:
        DataError: there is no validation film, so that nothing can be ranked.
    """
    judged = sorted(_entrants(finished), key=lambda each: -each.score)
    if not judged or not len(judged[0].said["validation"][0].labels):
        raise DataError("the split validation has no film, and entrants are ranked on it: raise split.validation")
    rows = [_row(each, place, settings) for place, each in enumerate(judged, start=1)]
    for row, comparison in zip(rows, _comparisons(judged, settings), strict=True):
        row["against_best"] = comparison
    return {"rows": rows, "cohorts": {name: _size(judged[0].said[name][0]) for name in COHORTS}}


def _entrants(finished: Sequence[Finished]) -> list[Judged]:
    grouped: dict[Entrant, list[Finished]] = {}
    for run in finished:
        grouped.setdefault(run.planned.entrant, []).append(run)
    return [
        Judged(entrant, tuple(runs), {cohort: tuple(run.predictions(cohort) for run in runs) for cohort in COHORTS})
        for entrant, runs in grouped.items()
    ]


def _row(judged: Judged, place: int, settings: Bootstrap) -> Document:
    runs = judged.runs
    return {
        "rank": place,
        "network": judged.entrant.network,
        "title": TITLES.get(judged.entrant.network, judged.entrant.network),
        "recipe": judged.entrant.recipe,
        "image_size": runs[0].planned.spec.image_size,
        "seeds": [run.planned.recipe.seed for run in runs],
        **{cohort: _figures(judged.said[cohort], settings, cohort) for cohort in COHORTS},
        "parameters": runs[0].parameters,
        "seconds_per_image": median(run.seconds_per_image for run in runs),
        "training_seconds": mean(run.training_seconds for run in runs),
        "epochs": [run.epochs for run in runs],
        "device": runs[0].device,
    }


def _figures(said: Sequence[Predictions], settings: Bootstrap, cohort: str) -> Document:
    """Return the macro figures, means over the seeds, with intervals over patients, and F1 of each seed."""
    samples: Samples = mean_samples(said, settings, f"leaderboard: {cohort}")
    figures = {name: estimate(samples[f"macro.{name}"], settings).to_dict() for name in MACRO}
    return {**figures, "f1_of_seeds": [_rounded(_f1(predictions)) for predictions in said]}


def _comparisons(judged: Sequence[Judged], settings: Bootstrap) -> list[Document | None]:
    """Return macro F1 on the test split minus that of the first, for each other, corrected over all of them."""
    best, *others = judged
    changes = [
        mean_change(each.said["test"], best.said["test"], settings, "leaderboard: against the best")["macro.f1"]
        for each in others
    ]
    surprises = [_surprise(change, settings) for change in changes]
    told = iter(holm([p for p in surprises if p is not None]))
    corrected = [None if p is None else next(told) for p in surprises]
    return [None, *(_comparison(*each, settings) for each in zip(changes, surprises, corrected, strict=True))]


def _surprise(change: Sampled, settings: Bootstrap) -> float | None:
    """Return the p-value; None where there are too few patients for one."""
    p = two_sided_p(change.replicates)
    return None if change.patients < settings.minimum_patients or np.isnan(p) else p


def _comparison(change: Sampled, p: float | None, corrected: float | None, settings: Bootstrap) -> Document:
    return {
        "f1": estimate(change, settings).to_dict(),
        "p": _rounded(p),
        "p_holm": _rounded(corrected),
        "verdict": _verdict(change.value, corrected),
    }


def _verdict(change: float, corrected: float | None) -> str:
    if corrected is None:
        return "too few patients to tell"
    if corrected >= LEVEL:
        return "within noise"
    return "worse" if change < 0 else "better"


def _f1(predictions: Predictions) -> float:
    """Return macro F1 over the classes that have films; NaN without a film."""
    return float(macro(f1(counts(image_counts(predictions).sum(axis=0)))))


def _size(predictions: Predictions) -> Document:
    return {
        "films": len(predictions.labels),
        "patients": predictions.n_patients,
        "classes": {name: int((predictions.labels == place).sum()) for place, name in enumerate(CLASSES)},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(value, 9) + 0.0
