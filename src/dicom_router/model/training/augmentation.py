"""Variation that radiographs allow, for a whole batch at once and on the device that trains.

Exactly black pixels stay black: letterbox bars, padding and shutters are drawn
after the film is made, whatever its exposure.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from dicom_router.model.training.recipe import Augmentation


def augment(pixels: Tensor, magnitudes: Augmentation, generator: Generator) -> tuple[Tensor, Tensor]:
    """Vary each of ``pixels`` ``(N, S, S)`` uint8 on its own.

    Returns:
        ``(N, 1, S, S)`` float32 in [0, 1], and ``(N,)`` bool: which were turned by 90, 180 or 270 degrees.

    Args:
        pixels: on any device.
        magnitudes: how far each property varies.
        generator: on the CPU; its state alone decides the variation, whatever the device.
    """
    count = len(pixels)
    tables = grey_tables(pixels.flatten(1).float().mean(1).cpu() / 255, magnitudes, generator)
    matrices, turned = affine_matrices(count, magnitudes, generator)
    grey = tables.to(pixels.device).gather(1, pixels.flatten(1).long()).view(count, 1, *pixels.shape[1:])
    grid = functional.affine_grid(matrices.to(pixels.device), list(grey.shape), align_corners=False)
    varied = functional.grid_sample(grey, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return varied, turned.to(pixels.device)


def grey_tables(means: Tensor, magnitudes: Augmentation, generator: Generator) -> Tensor:
    """Return ``(N, 256)`` float32 in [0, 1]: what each stored grey becomes, from the images' ``(N,)`` mean greys."""
    count = len(means)
    grey = torch.linspace(0, 1, 256).expand(count, 256)
    exponent = torch.exp(_spread(count, math.log1p(magnitudes.gamma), generator))
    mean = means[:, None] ** exponent
    varied = mean + (1 + _spread(count, magnitudes.contrast, generator)) * (grey**exponent - mean)
    varied = (varied * (1 + _spread(count, magnitudes.gain, generator))).clamp(0, 1)
    varied = torch.where(_chance(count, magnitudes.invert, generator), 1 - varied, varied)
    varied[:, 0] = 0
    return varied


def affine_matrices(count: int, magnitudes: Augmentation, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return where in the original, in [-1, 1], each pixel of the varied image comes from, and which are turned.

    Returns:
        ``(N, 2, 3)`` float32 and ``(N,)`` bool.
    """
    angle = torch.deg2rad(_angles(count, magnitudes, generator))
    zoom = 1 + _spread(count, magnitudes.scale, generator)
    mirror = torch.where(_chance(count, magnitudes.flip, generator), -1.0, 1.0)
    right, down = (_spread(count, 2 * magnitudes.shift, generator) for _ in range(2))
    quarters = _quarter_turns(count, magnitudes.quarter_turn, generator)  # drawn last: without it all else is the same
    angle = angle + quarters * (math.pi / 2)
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    across = torch.cat([mirror * cosine, -mirror * sine, right], dim=1)
    along = torch.cat([sine, cosine, down], dim=1)
    return torch.stack([across, along], dim=1), quarters[:, 0] > 0


def _spread(count: int, magnitude: float, generator: Generator) -> Tensor:
    """Return ``(count, 1)`` uniform in [-magnitude, magnitude]."""
    return (2 * torch.rand(count, 1, generator=generator) - 1) * magnitude


def _angles(count: int, magnitudes: Augmentation, generator: Generator) -> Tensor:
    """Return ``(count, 1)`` degrees, uniform between the least and the greatest rotation, either way."""
    drawn = _spread(count, 1.0, generator)
    return drawn.sign() * (magnitudes.rotation_from + drawn.abs() * (magnitudes.rotation - magnitudes.rotation_from))


def _quarter_turns(count: int, probability: float, generator: Generator) -> Tensor:
    """Return ``(count, 1)``: 1, 2 or 3 with ``probability``, else 0."""
    turned = _chance(count, probability, generator)
    return turned * torch.randint(1, 4, (count, 1), generator=generator)


def _chance(count: int, probability: float, generator: Generator) -> Tensor:
    """Return ``(count, 1)`` bool, true with ``probability``."""
    return torch.rand(count, 1, generator=generator) < probability
