"""Differentiable augmentation (DiffAugment, Zhao et al. 2020, https://arxiv.org/abs/2006.10738).

Applied to all that the discriminator sees, real and fake, so that few pictures last longer; with a probability per
picture below 1, or the changes leak into the samples (Karras et al. 2020, https://arxiv.org/abs/2006.06676).
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F


def flip(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror each picture `(N, 3, S, S)` with probability one half."""
    mirrored = torch.rand(len(pictures), 1, 1, 1, generator=generator, device=pictures.device) < 0.5
    return torch.where(mirrored, pictures.flip(3), pictures)


def augment(pictures: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """Colour and shift, each with the given probability per picture. `(N, 3, S, S)` in [-1, 1] → same shape.

    Brightness ±0.5, saturation 0–2, contrast 0.5–1.5, shift ±1/8 of the side with zeros moving in.
    """
    if probability == 0:
        return pictures
    return _to_some(shift, _to_some(colour, pictures, probability, generator), probability, generator)


def _to_some(change: Callable, pictures: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """Apply `change` to the expected number of pictures, chosen at random; the others cost next to nothing.

    The number is computed without asking the device, which would make a GPU wait. It is rounded up, and `change` gets
    the probability that makes up for that.
    """
    expected = probability * len(pictures)
    chosen = torch.randperm(len(pictures), generator=generator, device=pictures.device)[: math.ceil(expected)]
    rows = pictures.permute(0, 2, 3, 1)  # their order in memory (channels_last), so that choosing is one copy
    changed = change(rows.index_select(0, chosen).permute(0, 3, 1, 2), expected / len(chosen), generator)
    return rows.index_copy(0, chosen, changed.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def colour(pictures: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """Random brightness, saturation and contrast, one after the other."""
    random = torch.rand(4, len(pictures), 1, 1, 1, generator=generator, device=pictures.device)
    chosen = random[0] < probability
    brightness = torch.where(chosen, random[1] - 0.5, 0.0)
    saturation = torch.where(chosen, random[2] * 2, 1.0)
    contrast = torch.where(chosen, random[3] + 0.5, 1.0)
    pictures = pictures + brightness
    grey = pictures.mean(1, keepdim=True)
    pictures = torch.lerp(grey, pictures, saturation)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, pictures, contrast)


def shift(pictures: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    """Move whole pictures by whole pixels."""
    random = torch.rand(3, len(pictures), generator=generator, device=pictures.device)
    reach = pictures.shape[3] // 8
    offsets = ((random[1:] * (2 * reach + 1)).floor() - reach) * (random[0] < probability)
    return _Shift.apply(pictures, offsets)


class _Shift(torch.autograd.Function):
    """Shift by `offsets` `(2, N)` pixels (right, down), differentiable any number of times.

    A gradient penalty needs a second derivative, which `grid_sample` lacks. The transpose of a shift is the shift back.
    """

    @staticmethod
    def forward(ctx, pictures, offsets):
        ctx.save_for_backward(offsets)
        theta = torch.zeros(len(pictures), 2, 3, dtype=pictures.dtype, device=pictures.device)
        theta[:, 0, 0] = theta[:, 1, 1] = 1
        theta[:, :, 2] = -2 * offsets.T / pictures.shape[3]
        grid = F.affine_grid(theta, pictures.shape, align_corners=False)
        return F.grid_sample(pictures, grid, mode="nearest", padding_mode="zeros", align_corners=False)

    @staticmethod
    def backward(ctx, gradient):
        (offsets,) = ctx.saved_tensors
        return _Shift.apply(gradient, -offsets), None
