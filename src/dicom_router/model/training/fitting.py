"""Training a network from the pixel cache; needs torch, timm, lightning and numpy, and nothing else."""

import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import torch
from lightning.fabric.plugins.environments.lightning import find_free_network_port
from lightning.pytorch import Trainer
from lightning.pytorch.utilities.memory import garbage_collection_cuda, is_oom_error
from torch import Tensor
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, spawn

from dicom_router.errors import DataError, ParameterError, RunError
from dicom_router.model.training.batches import EpochBatches, Images, class_weights
from dicom_router.model.training.feeding import Films
from dicom_router.model.training.history import EpochRecord
from dicom_router.model.training.ledger import Ledger, Tell, describe
from dicom_router.model.training.lesson import Lesson
from dicom_router.model.training.networks import RouterNetwork, create_network
from dicom_router.model.training.recipe import Recipe
from dicom_router.model.training.seeds import derive_seed

SMALLEST: Final = 2  # images at a time: batch normalisation needs more than one


@dataclass(frozen=True)
class Fitted:
    """A trained network with the weights of its best epoch, on the CPU, in evaluation mode."""

    network: RouterNetwork
    best: EpochRecord
    history: tuple[EpochRecord, ...]


def fit(
    train: Images,
    validation: Images,
    recipe: Recipe,
    work: Path,
    progress_bar: bool = False,
    tell: Tell | None = None,
) -> Fitted:
    """Train by ``recipe``, going on from the checkpoints in ``work`` if there are any.

    Args:
        train: what is learnt from; at least two images.
        validation: what chooses the epoch; may be empty, then the last epoch is taken.
        recipe: everything else that decides the weights.
        work: folder of the checkpoints, of these very inputs; it stays, see ``discard``.
        progress_bar: show Lightning's bar instead of a line per epoch.
        tell: what to do with the record of each epoch instead.

    Raises:
        ParameterError: the recipe names a network or an accelerator that is not there, the loss diverges, or no two
            images fit into memory.
        DataError: there are fewer than two training images.
        RunError: one of several processes failed.
        KeyboardInterrupt: somebody stopped it; the finished epochs are in ``work``.
    """
    if len(train) < 2:
        raise DataError(f"the split train has {len(train)} image(s); training needs at least 2")
    _check_accelerator(recipe.accelerator)
    _check_devices(recipe, len(train))
    work.mkdir(parents=True, exist_ok=True)
    progress_bar = progress_bar and recipe.devices == 1  # several processes would draw it over each other's
    ledger = Ledger(work, recipe, tell or (_nothing if progress_bar else partial(_print, epochs=recipe.epochs)))
    with _quiet(), _threads(recipe.threads):
        network = _train_within_memory(ledger, train, validation, progress_bar)
    network.load_state_dict(ledger.best_weights)
    return Fitted(network.cpu().eval(), ledger.best, tuple(ledger.history))


def discard(work: Path) -> None:
    """Remove checkpoints when the result of the training is safe."""
    shutil.rmtree(work, ignore_errors=True)


def _print(record: EpochRecord, epochs: int) -> None:
    print(describe(record, epochs), flush=True)


def _nothing(record: EpochRecord) -> None:
    """Leave it to the bar."""


def _train_within_memory(ledger: Ledger, train: Images, validation: Images, bar: bool) -> RouterNetwork:
    """Train; where a batch does not fit into memory, go on from the last whole epoch with smaller ones, accumulated.

    The optimizer then still sees the gradient of a whole batch; batch normalisation sees a part of it at a time.
    """
    while True:
        network = _untrained(ledger.recipe, train.image_size)
        checkpoint = ledger.resume()
        if ledger.finished:
            return network
        if checkpoint is not None:
            print(f"going on after epoch {len(ledger.history)} of {ledger.recipe.epochs}", flush=True)
        try:
            if ledger.recipe.devices > 1:
                _train_together(ledger, train, validation)
            else:
                _train(network, ledger, train, validation, checkpoint, bar)
            return network
        except RuntimeError as error:
            if not (isinstance(error, torch.OutOfMemoryError) or is_oom_error(error)):
                raise
            ledger.parts = _more_parts(ledger, min(ledger.recipe.batch_size, len(train)) // ledger.recipe.devices)
        del network
        garbage_collection_cuda()


def _more_parts(ledger: Ledger, batch_size: int) -> int:
    """Return twice the parts of the ``batch_size`` images of a device, and say so.

    Raises:
        ParameterError: no two images fit.
    """
    parts = 2 * ledger.parts
    if batch_size // parts < SMALLEST:
        raise ParameterError(
            f"out of memory with {batch_size // ledger.parts} images at a time, and fewer than {SMALLEST} cannot be"
            " normalised: choose a smaller train.network or preprocess.image_size, or train.precision bf16-mixed"
        )
    print(
        f"out of memory with {batch_size // ledger.parts} images at a time: going on with {batch_size // parts}, and"
        f" {parts} times that for each step, so that train.batch_size stays {batch_size * ledger.recipe.devices}",
        flush=True,
    )
    return parts


def _untrained(recipe: Recipe, image_size: int) -> RouterNetwork:
    torch.manual_seed(derive_seed(recipe.seed))
    return create_network(
        recipe.network,
        image_size,
        weights=recipe.weights,
        channels=recipe.channels,
        normalisation=recipe.normalisation,
    )


def _train(
    network: RouterNetwork, ledger: Ledger, train: Images, validation: Images, checkpoint: Path | None, bar: bool
) -> None:
    recipe, parts = ledger.recipe, ledger.parts
    steps = len(EpochBatches(train, recipe)) * recipe.epochs
    lesson = Lesson(network, recipe, _loss_weights(train, recipe), steps, parts)
    films = Films(train, validation, recipe, parts)
    try:
        _trainer(ledger, bar, validates=len(validation) > 0).fit(
            lesson, datamodule=films, ckpt_path=checkpoint, weights_only=True
        )
    except SystemExit as ended:  # Lightning's answer to Ctrl-C
        raise KeyboardInterrupt from ended


def _train_together(ledger: Ledger, train: Images, validation: Images) -> None:
    """Train with a process for each device; what they came to is read from their last checkpoint.

    Raises:
        torch.OutOfMemoryError: a part of a batch does not fit into a device's memory.
        RunError: one of them failed otherwise.
    """
    ours, done = isinstance(ledger.tell, partial), len(ledger.history)
    say = ledger.tell if ours else _nothing  # what somebody else wants told cannot travel: it is told afterwards
    port = find_free_network_port()
    try:
        told = (ledger.folder, ledger.recipe, ledger.parts, train, validation, say, port)
        spawn(_one_of_several, told, ledger.recipe.devices)  # type: ignore[no-untyped-call]  # torch's own
    except (ProcessRaisedException, ProcessExitedException) as error:
        if is_oom_error(RuntimeError(str(error))):  # of which the other process's words are all that came
            raise torch.OutOfMemoryError("out of memory in a process of the training") from error
        raise RunError(f"a process of the training failed: {str(error).strip().splitlines()[-1]}") from error
    ledger.resume()
    for record in ledger.history[done:] if not ours else ():
        ledger.tell(record)


def _one_of_several(
    rank: int, folder: Path, recipe: Recipe, parts: int, train: Images, validation: Images, say: Tell, port: int
) -> None:
    """Train as process ``rank``; the environment tells Lightning that the others are started already."""
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(recipe.devices),
        "NODE_RANK": "0",
        "LOCAL_RANK": str(rank),
    }
    with _quiet(), _threads(recipe.threads):
        ledger = Ledger(folder, recipe, say)
        ledger.parts = parts
        checkpoint = ledger.resume()
        _train(_untrained(recipe, train.image_size), ledger, train, validation, checkpoint, bar=False)


def _trainer(ledger: Ledger, progress_bar: bool, validates: bool) -> Trainer:
    recipe = ledger.recipe
    return Trainer(
        accelerator=recipe.accelerator,
        devices=recipe.devices,
        strategy="ddp" if recipe.devices > 1 else "auto",
        sync_batchnorm=recipe.devices > 1 and recipe.accelerator != "cpu" and torch.cuda.is_available(),
        precision=_precision(recipe),
        max_epochs=recipe.epochs,
        accumulate_grad_batches=ledger.parts,
        limit_val_batches=1.0 if validates else 0,
        gradient_clip_val=recipe.gradient_clip or None,
        gradient_clip_algorithm=recipe.gradient_clip_by,
        callbacks=[ledger],
        default_root_dir=ledger.folder,
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=progress_bar,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _loss_weights(train: Images, recipe: Recipe) -> Tensor | None:
    return torch.from_numpy(class_weights(train.counts())) if recipe.balance == "class_weights" else None


def _precision(recipe: Recipe) -> Literal["32-true", "bf16-mixed", "16-mixed"]:
    """Return Lightning's name of the precision; ``auto`` mixes where the device computes bf16."""
    if recipe.precision != "auto":
        return recipe.precision
    gpu = recipe.accelerator != "cpu" and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return "bf16-mixed" if gpu else "32-true"


def _check_accelerator(accelerator: str) -> None:
    if accelerator == "gpu" and not torch.cuda.is_available():
        raise ParameterError("train.accelerator is 'gpu' and torch sees none here; use auto or cpu")


def _check_devices(recipe: Recipe, images: int) -> None:
    batch_size = min(recipe.batch_size, images)
    if batch_size % recipe.devices or batch_size < SMALLEST * recipe.devices:
        raise ParameterError(
            f"train.devices is {recipe.devices}, and a batch of {batch_size} images is not shared evenly, {SMALLEST} or"
            " more to each: change train.batch_size or train.devices"
        )


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use ``count`` CPU threads meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's tips and device tables off the screen; its errors still show."""
    logger = logging.getLogger("lightning.pytorch")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)  # Lightning's, of torch
            # Batches come from a memory map in this process: workers would only copy them.
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")  # the average
            yield
    finally:
        logger.setLevel(before)
