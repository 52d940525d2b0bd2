"""Who is better, and who is within noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from evaluation.made_up import made_up_table
from model.made_up import RECIPE

from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.errors import DataError
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.predictions import Predictions
from dicom_router.leaderboard.plan import Entrant, Planned
from dicom_router.leaderboard.running import Finished
from dicom_router.leaderboard.standing import standing

SETTINGS = Bootstrap(resamples=500, confidence=0.95, minimum_patients=20, seed=1)


@dataclass(frozen=True)
class MadeUp(Finished):
    """A training that said made-up things: the better, the higher ``sharpness``."""

    sharpness: float = 3.0
    films: int = 600

    def predictions(self, cohort: str) -> Predictions:
        """Return the same films for every training; what is said of them depends on its sharpness and seed."""
        if not self.films:
            return Predictions.from_table(made_up_table(1).iloc[:0])
        truth = Predictions.from_table(made_up_table(self.films, seed=len(cohort)))
        logits = np.random.default_rng([self.planned.recipe.seed, len(cohort)]).normal(size=truth.probabilities.shape)
        logits[np.arange(self.films), truth.labels] += self.sharpness
        odds = np.exp(logits)
        return replace(truth, probabilities=odds / odds.sum(axis=1, keepdims=True))


def made_up(network: str, sharpness: float, seeds: Sequence[int] = (1, 2), films: int = 600) -> list[MadeUp]:
    return [
        MadeUp(
            Planned(Entrant(network, "paper"), replace(RECIPE, seed=seed), PreprocessingSpec(32, "letterbox")),
            Path(network),
            1000,
            3,
            2,
            10.0,
            0.01,
            "CPU, 1 thread",
            sharpness,
            films,
        )
        for seed in seeds
    ]


def test_entries_are_ranked_by_validation_and_a_worse_one_is_told_from_noise() -> None:
    runs = [*made_up("bad", 1.0), *made_up("good", 3.0, seeds=(1, 2)), *made_up("alike", 3.0, seeds=(3, 4))]
    rows = standing(runs, SETTINGS)["rows"]
    assert rows[-1]["network"] == "bad"
    assert {row["network"]: row["against_best"] for row in rows}[rows[0]["network"]] is None
    assert [row["against_best"]["verdict"] for row in rows[1:]] == ["within noise", "worse"]
    assert rows[2]["against_best"]["f1"]["high"] < 0 and rows[2]["against_best"]["p_holm"] < 0.05


def test_a_row_is_the_mean_over_its_seeds() -> None:
    row = standing(made_up("one", 2.0, seeds=(1, 2, 3)), SETTINGS)["rows"][0]
    assert row["seeds"] == [1, 2, 3] and len(row["test"]["f1_of_seeds"]) == 3
    assert row["test"]["f1"]["value"] == pytest.approx(np.mean(row["test"]["f1_of_seeds"]))
    assert row["test"]["f1"]["low"] < row["test"]["f1"]["value"] < row["test"]["f1"]["high"]


def test_without_validation_films_nothing_is_ranked() -> None:
    with pytest.raises(DataError, match="the split validation has no film"):
        standing(made_up("one", 2.0, films=0), SETTINGS)
