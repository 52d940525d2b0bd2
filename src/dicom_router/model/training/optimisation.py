"""Optimizer and learning-rate schedule of a recipe."""

import math
from functools import partial
from typing import Any, Final, Protocol

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from dicom_router.model.training.recipe import Recipe


class _Optimizer(Protocol):
    def __call__(self, params: list[dict[str, Any]], *, lr: float, fused: bool | None) -> Optimizer: ...


OPTIMIZERS: Final[dict[str, _Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "sgd": partial(SGD, momentum=0.9, nesterov=True),
}


def create_optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    """Return the optimizer; biases and normalisation layers (fewer than two dimensions) decay if ``decayed`` is all.

    ``adamw`` decays apart from the gradient (Loshchilov and Hutter 2019); ``adam`` and ``sgd`` add it to the gradient.
    """
    least = 0 if recipe.decayed == "all" else 2
    decayed = [parameter for parameter in network.parameters() if parameter.ndim >= least]
    others = [parameter for parameter in network.parameters() if parameter.ndim < least]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    filled = [group for group in groups if group["params"]]
    return OPTIMIZERS[recipe.optimizer](filled, lr=recipe.learning_rate, fused=_fused(network, recipe))


def _fused(network: nn.Module, recipe: Recipe) -> bool | None:
    """Return True on a GPU, where one kernel then makes the step of all parameters; PyTorch's own choice elsewhere.

    16-mixed unscales gradients between their clipping and the step, which Lightning does not do for a fused optimizer.
    """
    on_gpu = all(parameter.is_cuda for parameter in network.parameters())
    return True if on_gpu and recipe.precision != "16-mixed" else None


def create_schedule(optimizer: Optimizer, recipe: Recipe, steps: int) -> LRScheduler:
    """Return a schedule over ``steps`` optimizer steps whose highest learning rate is the recipe's."""
    if recipe.schedule == "one_cycle":
        return OneCycleLR(optimizer, max_lr=recipe.learning_rate, total_steps=steps, pct_start=recipe.warmup)
    return LambdaLR(optimizer, partial(cosine_factor, steps=steps, warmup=recipe.warmup))


def cosine_factor(step: int, steps: int, warmup: float) -> float:
    """Return the share of the highest learning rate at ``step``: a line up, then half a cosine down to 0."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
