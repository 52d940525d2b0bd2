"""Optimizers and learning-rate schedules."""

from dataclasses import replace
from typing import Literal

import pytest
import torch
from model.made_up import RECIPE
from torch import nn

from dicom_router.model.training.optimisation import cosine_factor, create_optimizer, create_schedule

STEPS = 50
Schedule = Literal["one_cycle", "cosine"]


def learning_rates(schedule: Schedule) -> list[float]:
    recipe = replace(RECIPE, schedule=schedule, optimizer="sgd")
    optimizer = create_optimizer(nn.Linear(2, 2), recipe)
    moving = create_schedule(optimizer, recipe, STEPS)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        moving.step() if len(rates) < STEPS else None
    return rates


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine"])
def test_a_schedule_rises_to_the_learning_rate_and_falls_to_almost_nothing(schedule: Schedule) -> None:
    rates = learning_rates(schedule)
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(RECIPE.learning_rate, rel=1e-2)
    assert rates[: top + 1] == sorted(rates[: top + 1]) and rates[top:] == sorted(rates[top:], reverse=True)
    assert top == pytest.approx(RECIPE.warmup * STEPS, abs=1.5)
    assert rates[-1] < RECIPE.learning_rate / 100


@pytest.mark.parametrize(("step", "factor"), [(0, 0.1), (9, 1.0), (10, 1.0), (55, 0.5), (100, 0.0)])
def test_the_cosine_goes_through_known_points(step: int, factor: float) -> None:
    assert cosine_factor(step, steps=100, warmup=0.1) == pytest.approx(factor)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_biases_and_normalisation_do_not_decay(name: Literal["adam", "adamw", "sgd"]) -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    decayed, others = create_optimizer(network, replace(RECIPE, optimizer=name)).param_groups
    assert decayed["weight_decay"] == RECIPE.weight_decay and len(decayed["params"]) == 1
    assert others["weight_decay"] == 0 and len(others["params"]) == 3


def test_the_papers_optimizer_decays_everything() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    (group,) = create_optimizer(network, replace(RECIPE, optimizer="adam", decayed="all")).param_groups
    assert group["weight_decay"] == RECIPE.weight_decay and len(group["params"]) == 4


def test_plain_tensors_train() -> None:
    layer = nn.Linear(1, 1)
    optimizer = create_optimizer(layer, replace(RECIPE, learning_rate=0.1, optimizer="sgd"))
    before = layer.weight.clone()
    layer(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    assert not torch.equal(before, layer.weight)
