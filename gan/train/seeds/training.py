"""The descriptor learns who looks like whom."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import trange

from gan.model import images
from gan.model.seed_index import NUMBERS, Descriptor
from gan.train.seeds.changes import changed

_TEMPERATURE = 0.1
_LABELS = 4.0  # weight of the labels' loss
_WARM_UP = 50  # steps
_BATCH = 250  # faces at a time where nothing is learned


def train(
    photographs: np.ndarray, values: np.ndarray, generated: np.ndarray, steps: int, batch: int, rate: float, seed: int
) -> Descriptor:
    """A descriptor that tells faces apart whatever was done to their pictures, and knows what their labels say.

    Of each face two changed pictures are described: their descriptions have to be more alike than those of two faces
    (InfoNCE, van den Oord et al. 2018, https://arxiv.org/abs/1807.03748; with changed pictures as in SimCLR, Chen et
    al. 2020, https://arxiv.org/abs/2002.05709). A linear model of descriptions has to guess the labels.

    Args:
        photographs: faces `(N, 64, 64, 3)` uint8.
        values: their labels `(N, K)` float32, in standard deviations; NaN where nothing is known.
        generated: faces of generators `(M, 64, 64, 3)` uint8, a third as many of which are looked at.
        batch: photographs per step.
    """
    random = np.random.default_rng(seed)
    descriptor = Descriptor()
    guess = nn.Linear(NUMBERS, values.shape[1])
    parameters = [*descriptor.parameters(), *guess.parameters()]
    optimizer = torch.optim.AdamW(parameters, rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, steps))
    for _ in trange(steps, desc="Learning who looks like whom", leave=False):
        rows = random.integers(len(photographs), size=batch)
        others = random.integers(len(generated), size=batch // 3)
        faces = np.concatenate([photographs[rows], generated[others]])
        mirrored = random.random(len(faces)) < 0.5
        faces[mirrored] = faces[mirrored, :, ::-1]
        raw = descriptor(torch.cat([changed(faces, random), changed(faces, random)])).unflatten(0, (2, -1))
        # each kind about its own mean, as where photographs look for generated faces
        centred = [part - part.mean((0, 1)) for part in (raw[:, :batch], raw[:, batch:])]
        alike = F.normalize(torch.cat(centred, 1), dim=2)
        wanted = torch.from_numpy(values[rows]).expand(2, -1, -1)
        known = ~wanted.isnan()
        guessed = guess(alike[:, :batch] * math.sqrt(NUMBERS))
        loss = contrast(alike[0], alike[1]) + _LABELS * F.mse_loss(guessed[known], wanted[known])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    descriptor.eval().requires_grad_(False)
    for matrix in filter(lambda each: each.dim() > 1, descriptor.parameters()):
        matrix.copy_(matrix.half())  # as it is published, so that the means are those of the published one
    descriptor.photographs = raw_mean(descriptor, photographs)
    return descriptor


def contrast(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """How hard it is to find each face's other picture among all others, in nats: InfoNCE, symmetric.

    Args:
        one, other: descriptions `(N, D)` of length 1 of two pictures of each face.
    """
    alike = one @ other.T / _TEMPERATURE
    right = torch.arange(len(one))
    return (F.cross_entropy(alike, right) + F.cross_entropy(alike.T, right)) / 2


@torch.no_grad()
def raw_mean(descriptor: Descriptor, faces: np.ndarray) -> torch.Tensor:
    """The mean of uncentred descriptions, `(32,)`."""
    parts = [faces[start : start + _BATCH] for start in range(0, len(faces), _BATCH)]
    return torch.cat([descriptor(images.to_signed(torch.from_numpy(part))) for part in parts]).mean(0)


def _pace(step: int, steps: int) -> float:
    """Share of the learning rate: a short rise, then half a cosine."""
    return min(1, (step + 1) / _WARM_UP) * (1 + math.cos(math.pi * step / steps)) / 2
