"""What happened in each epoch, the best weights so far, and checkpoints from which a killed run goes on."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor

from dicom_router.errors import ParameterError
from dicom_router.model.training.history import HISTORY, EpochRecord, history_csv
from dicom_router.model.training.lesson import Lesson
from dicom_router.model.training.recipe import Recipe
from dicom_router.storage import write_atomically

KEPT: Final = 2  # the newest, and one before it in case the newest cannot be read

Weights = dict[str, Tensor]
Tell = Callable[[EpochRecord], object]  # what is done with the record of an epoch that has just ended


class Ledger(Checkpoint):
    """Closes every epoch: records it, keeps the best weights, saves all of it in one file, and says when to stop.

    The best epoch has the highest of what the recipe selects by (the lower validation loss where
    equal; the last epoch without validation images). A file is renamed into place
    whole, so that a kill leaves either this epoch's checkpoint or the one before.
    """

    def __init__(self, folder: Path, recipe: Recipe, tell: Tell) -> None:
        self.folder = folder
        self.recipe = recipe
        self.tell = tell
        self.history: list[EpochRecord] = []
        self.best_weights: Weights = {}
        self.parts = 1  # in which each batch comes, for lack of memory

    @property
    def best(self) -> EpochRecord:
        """Return the record of the best epoch."""
        return max(self.history, key=self._rank)

    @property
    def finished(self) -> bool:
        """Say whether all epochs are done, or the last ``patience`` ones brought no higher score."""
        done, patience = len(self.history), self.recipe.patience
        scores = [score for score in map(self._score, self.history) if score is not None]
        stalled = len(scores) > patience and max(scores[:-patience]) >= max(scores[-patience:])
        return stalled or done >= self.recipe.epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the epoch.

        Raises:
            ParameterError: the loss or the weights are no longer numbers.
        """
        assert isinstance(pl_module, Lesson)
        try:
            record = pl_module.close_epoch()
        except ParameterError as error:
            raise ParameterError(f"{error}; {self._last_good()}") from None
        self.history.append(trainer.strategy.broadcast(record))  # the first process's, where several train together
        if self.best is self.history[-1]:
            averages = pl_module.average.module.state_dict()
            self.best_weights = {name: value.cpu().clone() for name, value in averages.items()}
        self._save(trainer)
        if trainer.is_global_zero:
            self.tell(self.history[-1])
        trainer.should_stop = self.finished

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: primitives and tensors only, so that it loads with ``weights_only``."""
        return {
            "history": [asdict(record) for record in self.history],
            "best_weights": self.best_weights,
            "parts": self.parts,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up where a checkpoint left off."""
        self.history = [EpochRecord(**row) for row in state_dict["history"]]
        self.best_weights = state_dict["best_weights"]
        self.parts = max(self.parts, state_dict["parts"])

    def resume(self) -> Path | None:
        """Take up the newest readable checkpoint and return its path; None where there is none."""
        for path in reversed(self._checkpoints()):
            state = read_checkpoint(path)
            if state is not None:
                self.load_state_dict(state["callbacks"][self.state_key])
                return path
            path.unlink(missing_ok=True)  # another process of the same training may have been quicker
        return None

    def _checkpoints(self) -> list[Path]:
        """Return the whole ones, the newest last."""
        return sorted(self.folder.glob("epoch-*.ckpt"))

    def _last_good(self) -> str:
        """Say which checkpoint was still good: none is saved of an epoch that was not."""
        kept = self._checkpoints()
        return f"the last good checkpoint is {kept[-1]}" if kept else "no epoch was good, so there is no checkpoint"

    def _score(self, record: EpochRecord) -> float | None:
        """Return what epochs are selected by."""
        return record.validation_macro_f1 if self.recipe.select == "macro_f1" else record.validation_accuracy

    def _rank(self, record: EpochRecord) -> tuple[float, float, int]:
        """Return what the best epoch has most of; the earlier of two equal ones wins by ``max``."""
        score = self._score(record)
        if score is None or record.validation_loss is None:
            return 0.0, 0.0, record.epoch
        return score, -record.validation_loss, 0

    def _save(self, trainer: Trainer) -> None:
        path = self.folder / f"epoch-{len(self.history):05d}.ckpt"
        partial = path.with_suffix(".partial")
        trainer.save_checkpoint(partial)  # by all processes, of which the first writes
        if not trainer.is_global_zero:
            return
        partial.replace(path)
        write_atomically(self.folder / HISTORY, history_csv(self.history))  # for who follows the training
        for old in self._checkpoints()[:-KEPT]:
            old.unlink()


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return the content of a checkpoint, or None if it is damaged."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        print(f"checkpoint {path.name} cannot be read ({reason}); going back to the one before", flush=True)
        return None
    return content


def describe(record: EpochRecord, epochs: int) -> str:
    """Return an epoch as one line of text."""
    line = f"epoch {record.epoch:>3}/{epochs}  loss {record.train_loss:.4f}"
    if record.validation_loss is not None:
        line += f"  validation loss {record.validation_loss:.4f}  macro F1 {record.validation_macro_f1:.4f}"
    return f"{line}  learning rate {record.learning_rate:.2e}"
