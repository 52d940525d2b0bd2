"""One network learning: what a step and an epoch do. Nothing here waits for the device before an epoch ends."""

from typing import Any, Final

import torch
from lightning.pytorch import LightningModule
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor, nn
from torch.nn import functional

from dicom_router.errors import ParameterError
from dicom_router.labels import CLASSES
from dicom_router.model.training.augmentation import augment
from dicom_router.model.training.batches import Batch, place_among_processes
from dicom_router.model.training.history import EpochRecord
from dicom_router.model.training.networks import RouterNetwork
from dicom_router.model.training.optimisation import create_optimizer, create_schedule
from dicom_router.model.training.recipe import Recipe
from dicom_router.model.training.seeds import derive_seed

CURE: Final = "lower train.learning_rate, or clip gradients with train.gradient_clip"


class Lesson(LightningModule):
    """Trains a RouterNetwork by a recipe; every random number depends on seed, epoch and step alone.

    What is validated and kept is ``average``: the exponential moving average of the weights and running
    statistics over the steps (Polyak and Juditsky 1992), which follows sooner in the first steps.
    """

    def __init__(
        self, network: RouterNetwork, recipe: Recipe, class_weights: Tensor | None, steps: int, parts: int = 1
    ) -> None:
        super().__init__()
        self.network = network
        self.average = ModelEmaV3(network, decay=recipe.ema_decay, use_warmup=True).requires_grad_(False)
        self.recipe = recipe
        self.steps = steps
        self.parts = parts  # in which each batch comes
        self.class_weights: Tensor | None
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.compiled: Any = None  # what trains in place of the network, where the recipe says so; a function
        self.losses: list[Tensor] = []
        self.learning_rates: list[float] = []
        self.answers: list[tuple[Tensor, Tensor]] = []

    def configure_optimizers(self) -> Any:  # noqa: ANN401  (Lightning's own union of eight types)
        """Return the optimizer and its schedule, moved on after every step."""
        optimizer = create_optimizer(self.network, self.recipe)
        schedule = create_schedule(optimizer, self.recipe, self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_fit_start(self) -> None:
        """Compile the network, if the recipe says so; it lies on its device by now."""
        torch.set_num_threads(self.recipe.threads)  # in processes of their own too
        if self.recipe.compile:
            self.compiled = torch.compile(self.network.forward)

    def training_step(self, batch: Batch, step: int) -> Tensor:
        """Return the loss of one batch of stored pixels."""
        pixels, labels = batch
        rank, _ = place_among_processes()
        place = derive_seed(self.recipe.seed, self.current_epoch, step, *([rank] if rank else []))
        torch.manual_seed(place)  # dropout and its kin
        varied, turned = augment(pixels, self.recipe.augmentation, torch.Generator().manual_seed(place))
        loss = self.loss((self.compiled or self.network)(varied), labels, turned)
        self.losses.append(loss.detach())
        self.learning_rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return loss

    def loss(self, logits: Tensor, labels: Tensor, turned: Tensor) -> Tensor:
        """Return the cross-entropy, weighted by class, with smoothed targets.

        The target of a turned film is every class alike (outlier exposure, Hendrycks et al. 2019): a film that lies
        on its side is to be looked at, and a network that knows one when it sees one stays as good on the others.
        """
        smoothing = torch.where(turned, 1.0, self.recipe.label_smoothing)[:, None]
        targets = (1 - smoothing) * functional.one_hot(labels, len(CLASSES)) + smoothing / len(CLASSES)
        losses = functional.cross_entropy(logits, targets, reduction="none")
        if self.class_weights is None:
            return losses.mean()
        weights = self.class_weights[labels]
        return (weights * losses).sum() / weights.sum()

    def on_train_batch_end(self, outputs: Any, batch: Batch, step: int) -> None:  # noqa: ANN401  (Lightning's name for it)
        """Let the average follow the step that was just made, which the last part of a batch completes."""
        if (step + 1) % self.parts == 0:
            self.average.update(self.network, step=self.global_step)

    def validation_step(self, batch: Batch, step: int) -> None:
        """Keep the average's logits of one batch, unvaried."""
        pixels, labels = batch
        self.answers.append((self.average(pixels[:, None].float() / 255), labels))

    def close_epoch(self) -> EpochRecord:
        """Return the record of the epoch that just ended, and begin a new page.

        Raises:
            ParameterError: the loss is no longer a number, or the weights are not.
        """
        losses, rates, answers = self.losses, self.learning_rates, self.answers
        self.losses, self.learning_rates, self.answers = [], [], []
        epoch = self.current_epoch + 1
        together: Any = self.trainer.strategy.reduce(torch.stack(losses), reduce_op="mean")  # over all processes
        train_loss = _mean_loss(together, rates, epoch, self.parts)
        _check_weights(self.network, epoch, rates)
        return EpochRecord(epoch, train_loss, *_validation_figures(answers), learning_rate=rates[-1])


def macro_f1(confusion: Tensor) -> float:
    """Return the mean F1 of the classes that have images; ``confusion`` ``(C, C)`` has the truth in rows."""
    images, predicted, right = confusion.sum(1), confusion.sum(0), confusion.diagonal()
    scores = 2 * right / (images + predicted).clamp(min=1)
    return float(scores[images > 0].mean())


def _validation_figures(answers: list[tuple[Tensor, Tensor]]) -> tuple[float | None, float | None, float | None]:
    """Return loss, macro F1 and accuracy; None where there are no answers."""
    if not answers:
        return None, None, None
    logits = torch.cat([part for part, _ in answers]).float().cpu()
    labels = torch.cat([part for _, part in answers]).cpu()
    cells = torch.bincount(labels * len(CLASSES) + logits.argmax(1), minlength=len(CLASSES) ** 2)
    confusion = cells.view(len(CLASSES), len(CLASSES)).double()
    accuracy = float(confusion.diagonal().sum() / confusion.sum())
    return float(functional.cross_entropy(logits, labels)), macro_f1(confusion), accuracy


def _mean_loss(losses: Tensor, learning_rates: list[float], epoch: int, parts: int) -> float:
    broken = (~losses.isfinite()).nonzero()
    if len(broken):
        number = int(broken[0])
        where = f"in epoch {epoch}, step {number // parts + 1}, at learning rate {learning_rates[number]:g}"
        raise ParameterError(f"the training loss became {float(losses[number])} {where}: {CURE}")
    return float(losses.mean())


def _check_weights(network: nn.Module, epoch: int, learning_rates: list[float]) -> None:
    """Refuse weights that the last step of an epoch spoiled, before they are saved as good ones."""
    finite = torch.stack([value.isfinite().all() for value in network.state_dict().values()])
    if not bool(finite.all()):
        raise ParameterError(
            f"weights became no numbers in epoch {epoch}, at learning rate {learning_rates[-1]:g} or before: {CURE}"
        )
