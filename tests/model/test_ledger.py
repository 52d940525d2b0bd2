"""Which epoch is kept, and when a training stops."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from model.made_up import RECIPE

from dicom_router.model.training.history import EpochRecord
from dicom_router.model.training.ledger import Ledger

# epoch, validation macro F1, accuracy
HISTORY = [(1, 0.5, 0.9), (2, 0.7, 0.8), (3, 0.6, 0.85)]


def ledger(select: Literal["macro_f1", "accuracy"], patience: int = 10) -> Ledger:
    kept = Ledger(Path(), replace(RECIPE, select=select, patience=patience, epochs=9), lambda _: None)
    kept.history = [EpochRecord(epoch, 1.0, 1.0, f1, accuracy, 0.1) for epoch, f1, accuracy in HISTORY]
    return kept


@pytest.mark.parametrize(("select", "epoch"), [("macro_f1", 2), ("accuracy", 1)])
def test_the_recipe_says_what_the_epoch_is_chosen_by(select: Literal["macro_f1", "accuracy"], epoch: int) -> None:
    assert ledger(select).best.epoch == epoch


@pytest.mark.parametrize(("select", "finished"), [("macro_f1", False), ("accuracy", True)])
def test_patience_is_about_what_the_epoch_is_chosen_by(select: Literal["macro_f1", "accuracy"], finished: bool) -> None:
    assert ledger(select, patience=2).finished is finished
