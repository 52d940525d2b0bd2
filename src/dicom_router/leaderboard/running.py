"""One training of a leaderboard: fitted, exported, and what ONNX Runtime says of the films. Finished ones stay."""

import io
import json
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
import torch

from dicom_router.errors import DataError
from dicom_router.evaluation.predictions import Predictions, predictions_table
from dicom_router.leaderboard.pixels import Pixels
from dicom_router.leaderboard.plan import Planned
from dicom_router.model.cache import PixelCache
from dicom_router.model.network import Network
from dicom_router.model.outputs import network_outputs
from dicom_router.model.probabilities import softmax
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import fit
from dicom_router.model.training.history import HISTORY, EpochRecord, read_history
from dicom_router.model.training.inputs import inputs_digest
from dicom_router.model.training.ledger import describe
from dicom_router.model.training.saving import save_network
from dicom_router.storage import write_atomically, write_json

COHORTS: Final = ("validation", "test", "external")
DONE: Final = "run.json"  # written last
CLOCK: Final = "seconds.csv"  # an epoch and its seconds a line, beside the checkpoints
TIMED: Final = 30  # images, one by one
WARM: Final = 3

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Finished:
    """A training that is over."""

    planned: Planned
    folder: Path
    parameters: int
    epochs: int
    best_epoch: int
    training_seconds: float
    seconds_per_image: float
    device: str

    def predictions(self, cohort: str) -> Predictions:
        """Return what the network said of the films of ``cohort``, in the order of their paths."""
        return Predictions.from_table(pd.read_parquet(self.folder / f"{cohort}.parquet"))

    def history(self) -> tuple[EpochRecord, ...]:
        """Return the epochs."""
        return read_history((self.folder / "network" / HISTORY).read_bytes())

    @classmethod
    def read(cls, planned: Planned, folder: Path) -> Self | None:
        """Return the training that an earlier call finished in ``folder``, if one did."""
        try:
            facts = json.loads((folder / DONE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DataError(f"{folder / DONE} is damaged ({error}); remove {folder}, and it is trained anew") from None
        return cls(planned, folder, **facts)


def folder_of(planned: Planned, pixels: Pixels, work: Path) -> Path:
    """Return where the training lives: named by all that decides its weights."""
    return work / inputs_digest(pixels.digest, planned.recipe)


def train(planned: Planned, pixels: Pixels, folder: Path, synthetic: bool, tell: Tell) -> Finished:
    """Train, export and judge; a killed training goes on from its last whole epoch.

    Raises:
        ParameterError: the network cannot be trained so.
        DataError: there is nothing to train on.
        ModelError: the exported network answers otherwise than the trained one.
    """
    recipe, checkpoints = planned.recipe, folder / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    fitted = fit(
        _images(pixels.cache, "train"),
        _images(pixels.cache, "validation"),
        recipe,
        checkpoints,
        tell=_clock(checkpoints / CLOCK, lambda record: tell(f"{planned.title}: {describe(record, recipe.epochs)}")),
    )
    shutil.rmtree(folder / "network", ignore_errors=True)
    save_network(folder / "network", fitted, recipe, pixels.cache.specification, synthetic)
    network = Network.load(folder / "network", threads=1)
    for cohort in COHORTS:
        _predict(network, pixels.cache, cohort, folder / f"{cohort}.parquet")
    facts: dict[str, Any] = {
        "parameters": int(network.specification["parameters"]),
        "epochs": len(fitted.history),
        "best_epoch": fitted.best.epoch,
        "training_seconds": round(_seconds(checkpoints / CLOCK), 3),
        "seconds_per_image": round(seconds_per_image(network, pixels.cache), 6),
        "device": _device(recipe.accelerator, recipe.threads),
    }
    write_json(folder / DONE, facts)
    shutil.rmtree(checkpoints)
    return Finished(planned, folder, **facts)


def seconds_per_image(network: Network, cache: PixelCache) -> float:
    """Return the median of one image at a time on one core; the film is read and preprocessed already."""
    seconds = []
    for number in range(WARM + min(TIMED, 10 * len(cache.pixels))):
        pixels = np.asarray(cache.pixels[[number % len(cache.pixels)]])
        start = time.perf_counter()
        network.run(pixels)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[WARM:])


def recipe_facts(planned: Planned) -> dict[str, Any]:
    """Return all that decided the weights, for a record."""
    return {"preprocess": planned.spec.to_dict(), "train": asdict(planned.recipe)}


def _images(cache: PixelCache, split: str) -> Images:
    rows = cache.rows(split)
    return Images(cache.pixels, rows, cache.labels(rows))


def _predict(network: Network, cache: PixelCache, cohort: str, target: Path) -> None:
    rows = cache.rows(cohort)
    table = predictions_table(cache.index.iloc[rows], softmax(network_outputs(network, cache.pixels, rows)[0]))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_atomically(target, buffer.getvalue())


def _clock(path: Path, tell: Callable[[EpochRecord], object]) -> Callable[[EpochRecord], None]:
    """Return what notes the seconds of each epoch, so that those before a kill are counted, and passes it on."""
    began = time.monotonic()

    def note(record: EpochRecord) -> None:
        nonlocal began
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{record.epoch},{time.monotonic() - began:.3f}\n")
        began = time.monotonic()
        tell(record)

    return note


def _seconds(path: Path) -> float:
    lines = path.read_text(encoding="utf-8").splitlines()
    return sum({line.partition(",")[0]: float(line.partition(",")[2]) for line in lines}.values())


def _device(accelerator: str, threads: int) -> str:
    if accelerator != "cpu" and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"CPU, {threads} thread{'' if threads == 1 else 's'}"
