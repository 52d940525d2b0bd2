"""What happened in each epoch, as a table of text; needs no torch, so that others may follow a training."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Final

HISTORY: Final = "history.csv"


@dataclass(frozen=True)
class EpochRecord:
    """A row of ``history.csv``; the validation figures are None without validation images."""

    epoch: int  # from 1
    train_loss: float
    validation_loss: float | None
    validation_macro_f1: float | None
    validation_accuracy: float | None
    learning_rate: float  # of the last step


def history_csv(history: Iterable[EpochRecord]) -> bytes:
    """Return one line per epoch; figures that do not exist are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(record) for record in history)
    return text.getvalue().encode()


def read_history(content: bytes) -> tuple[EpochRecord, ...]:
    """Return the epochs that ``history_csv`` wrote."""
    return tuple(_record(row) for row in csv.DictReader(content.decode().splitlines()))


def _record(row: dict[str, str]) -> EpochRecord:
    return EpochRecord(
        epoch=int(row["epoch"]),
        train_loss=float(row["train_loss"]),
        validation_loss=_optional(row["validation_loss"]),
        validation_macro_f1=_optional(row["validation_macro_f1"]),
        validation_accuracy=_optional(row["validation_accuracy"]),
        learning_rate=float(row["learning_rate"]),
    )


def _optional(text: str) -> float | None:
    return float(text) if text else None
