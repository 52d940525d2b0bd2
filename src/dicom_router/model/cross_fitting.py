"""Probabilities for every image by a network that saw neither the image nor its patient: k trainings, k parts.

No part chooses an epoch or anything else: each network is trained to its last epoch on all other parts. Finished parts
stay in the folder of the work, so that a killed run goes on from there.
"""

import hashlib
import io
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor

from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.model.training.batches import Images, batches_in_order
from dicom_router.model.training.fitting import fit
from dicom_router.model.training.inputs import inputs_digest
from dicom_router.model.training.networks import RouterNetwork
from dicom_router.model.training.recipe import Recipe
from dicom_router.storage import write_atomically

Tell = Callable[[], object]  # called when an epoch has ended


@dataclass(frozen=True)
class Crossing:
    """Images, and the part that each is in."""

    images: Images
    parts: NDArray[np.int64]  # (N,), from 0 to the number of parts - 1
    recipe: Recipe

    @property
    def count(self) -> int:
        """Return the number of parts."""
        return int(self.parts.max()) + 1

    def select(self, mask: NDArray[np.bool_]) -> Images:
        """Return the images of ``mask`` ``(N,)``."""
        return Images(self.images.pixels, self.images.rows[mask], self.images.labels[mask])

    def judged(self) -> NDArray[np.bool_]:
        """Return ``(N,)``: whose class the network that judges them has seen, on a film of another patient."""
        seen = np.array([self.select(self.parts != part).counts() > 0 for part in range(self.count)])
        return np.asarray(seen[self.parts, self.images.labels])


def deal(labels: NDArray[np.int64], patients: NDArray[np.int64], parts: int, seed: int) -> NDArray[np.int64]:
    """Return the part of each image ``(N,)``: a patient in one, the classes spread evenly.

    Raises:
        DataError: there are fewer patients than parts.
    """
    count = len(np.unique(patients))
    if count < parts:
        raise DataError(f"{count} patient(s) cannot be dealt into {parts} parts; choose fewer parts, at least 2")
    dealer = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    dealt = np.zeros(len(labels), np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # ``judged`` sees to it
        for part, (_, held_out) in enumerate(dealer.split(labels, labels, patients)):
            dealt[held_out] = part
    return dealt


def work_name(data: str, crossing: Crossing) -> str:
    """Return a name for all that decides the probabilities; ``data`` names the pixels."""
    digest = hashlib.sha256(data.encode())
    for array in (crossing.images.rows, crossing.images.labels, crossing.parts):
        digest.update(array.astype("<i8").tobytes())
    return inputs_digest(digest.hexdigest(), crossing.recipe)


def finished_parts(crossing: Crossing, work: Path) -> list[int]:
    """Return the parts that an earlier run finished."""
    return [part for part in range(crossing.count) if _file(work, part).is_file()]


def fit_parts(crossing: Crossing, work: Path, tell: Tell) -> Iterator[int]:
    """Train for each part that is missing in ``work``; yield it once its probabilities are safe."""
    done = finished_parts(crossing, work)
    for part in range(crossing.count):
        if part not in done:
            _fit_part(crossing, part, work, tell)
            yield part


def out_of_sample(crossing: Crossing, work: Path) -> NDArray[np.float64]:
    """Return the probabilities ``(N, C)`` that ``fit_parts`` left in ``work``."""
    probabilities = np.zeros((len(crossing.parts), len(CLASSES)))
    for part in range(crossing.count):
        probabilities[crossing.parts == part] = np.load(_file(work, part))
    return probabilities


def discard_others(work: Path) -> None:
    """Remove what the work of other inputs left beside ``work``."""
    for other in work.parent.iterdir():
        if other != work:
            shutil.rmtree(other)


def _file(work: Path, part: int) -> Path:
    return work / f"part-{part}.npy"


def _fit_part(crossing: Crossing, part: int, work: Path, tell: Tell) -> None:
    """Train on the other parts, judge this one, and let the checkpoints go."""
    held_out = crossing.parts == part
    checkpoints = work / f"part-{part}"
    nothing = crossing.select(np.zeros(len(held_out), bool))
    fitted = fit(
        crossing.select(~held_out),
        nothing,
        crossing.recipe,
        checkpoints,
        tell=lambda _: tell(),
    )
    buffer = io.BytesIO()
    np.save(buffer, probabilities_of(fitted.network, crossing.select(held_out), crossing.recipe))
    write_atomically(_file(work, part), buffer.getvalue())
    shutil.rmtree(checkpoints)


def probabilities_of(network: RouterNetwork, images: Images, recipe: Recipe) -> NDArray[np.float32]:
    """Return ``(N, C)``: the mean over each image and, where training mirrored, its mirror image."""
    with torch.no_grad():
        answers = [
            _softmax(network, pixels, mirror=recipe.augmentation.flip > 0)
            for pixels, _ in batches_in_order(images, recipe.batch_size)
        ]
    return torch.cat(answers).numpy().astype(np.float32)


def _softmax(network: RouterNetwork, pixels: Tensor, mirror: bool) -> Tensor:
    grey = pixels[:, None].float() / 255
    seen = [grey, grey.flip(3)] if mirror else [grey]
    return torch.stack([network(each).softmax(1) for each in seen]).mean(0)
