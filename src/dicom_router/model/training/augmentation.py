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
        pixels: on any device; what is drawn reaches it in one copy, and nothing is waited for.
        magnitudes: how far each property varies.
        generator: on the CPU; its state alone decides the variation, whatever the device.
    """
    count = len(pixels)
    greys = grey_draws(count, magnitudes, generator)
    matrices, turned = affine_matrices(count, magnitudes, generator)
    drawn = _sent(torch.cat([greys, matrices.flatten(1), turned[:, None].float()], dim=1), pixels.device)
    with torch.autocast(pixels.device.type, enabled=False):  # eight bits of a coordinate are a pixel and more
        tables = grey_tables(pixels.flatten(1).float().mean(1) / 255, drawn[:, :4])
        grey = tables.gather(1, pixels.flatten(1).long()).view(count, 1, *pixels.shape[1:])
        grid = functional.affine_grid(drawn[:, 4:10].view(count, 2, 3), list(grey.shape), align_corners=False)
        varied = functional.grid_sample(grey, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return varied, drawn[:, 10] > 0


def grey_draws(count: int, magnitudes: Augmentation, generator: Generator) -> Tensor:
    """Return ``(count, 4)``: the exponent, the contrast and gain as factors, and 1 where the image is inverted."""
    exponent = torch.exp(_spread(count, math.log1p(magnitudes.gamma), generator))
    contrast = 1 + _spread(count, magnitudes.contrast, generator)
    gain = 1 + _spread(count, magnitudes.gain, generator)
    return torch.cat([exponent, contrast, gain, _chance(count, magnitudes.invert, generator).float()], dim=1)


def grey_tables(means: Tensor, draws: Tensor) -> Tensor:
    """Return ``(N, 256)`` float32 in [0, 1]: what each stored grey becomes, from mean greys ``(N,)`` and draws."""
    exponent, contrast, gain, inverted = draws.split(1, dim=1)  # type: ignore[no-untyped-call]  # torch's own
    grey = torch.linspace(0, 1, 256, device=means.device).expand(len(means), 256)
    mean = means[:, None] ** exponent
    varied = mean + contrast * (grey**exponent - mean)
    varied = (varied * gain).clamp(0, 1)
    varied = torch.where(inverted > 0, 1 - varied, varied)
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


def _sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return ``tensor`` on ``device``; from pinned memory, so that the host does not wait for the copy."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


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
