"""The attribute network: a discriminator's layers and one number for each attribute."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import trange

from gan.model import images
from gan.model.networks import Discriminator
from gan.train.machine import cpu_has_bf16
from gan.train.pictures.labelled import Labelled, standardised

_SHIFT = 3  # pixels by which faces are shifted while training
_LIGHT = 0.2  # most change of contrast and brightness, of the range from -1 to 1
_WARM_UP = 50  # steps
_BATCH = 250  # faces at a time where nothing is learned


class AttributeNetwork(nn.Module):
    """Pictures `(N, 3, S, S)` in [-1, 1] → what they show, `(N, K)`, in standard deviations of the labels."""

    def __init__(self, discriminator: Discriminator, attributes: int):
        super().__init__()
        self.discriminator = discriminator
        self.guess = nn.Sequential(nn.Dropout(0.3), nn.Linear(discriminator.judge.in_features, attributes))

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """Pictures → the last layer, `(N, D)` float32."""
        return self.discriminator.last_features(pictures).permute(0, 2, 3, 1).flatten(1).float()

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        features = self.features(pictures)
        with torch.autocast(features.device.type, enabled=False):
            return self.guess(features)


def train(network: AttributeNetwork, faces: Labelled, steps: int, batch: int, rate: float, seed: int) -> None:
    """Learn the labels; where a data set says nothing of an attribute, nothing is learned of it.

    The mean squared error of labels in standard deviations serves numbers and yes or no alike.
    """
    values = standardised(faces.values, faces.values)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, 1 / _WARM_UP, total_iters=_WARM_UP),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps - _WARM_UP)),
        ],
        [_WARM_UP],
    )
    network.train().requires_grad_()
    chosen = _chosen(values, batch, np.random.default_rng(seed))
    for _ in trange(steps, desc="Learning attributes", leave=False):
        rows = next(chosen)
        pictures = _varied(images.to_signed(torch.from_numpy(faces.pictures[rows])))
        wanted = torch.from_numpy(values[rows])
        known = ~wanted.isnan()
        with torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_bf16()):
            guessed = network(pictures)
        loss = F.mse_loss(guessed[known], wanted[known])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval().requires_grad_(False)


@torch.no_grad()
def guesses(network: AttributeNetwork, pictures: np.ndarray) -> np.ndarray:
    """`(N, S, S, 3)` uint8 → `(N, K)` float32."""
    parts = [pictures[start : start + _BATCH] for start in range(0, len(pictures), _BATCH)]
    return np.concatenate([network(images.to_signed(torch.from_numpy(part))).numpy() for part in parts])


def explained(network: AttributeNetwork, faces: Labelled, like: np.ndarray) -> dict[str, float]:
    """For each attribute the share of the variance of its labels that the network explains (R²)."""
    wanted = standardised(faces.values, like)
    wrong = np.nanmean((guesses(network, faces.pictures) - wanted) ** 2, 0) / np.nanvar(wanted, 0)
    return {name: float(1 - share) for name, share in zip(faces.names, wrong)}


def _chosen(values: np.ndarray, batch: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows for each step. Data sets differ in size and in what they say, so each kind of row comes equally often."""
    _, kinds = np.unique(np.isnan(values), axis=0, return_inverse=True)
    groups = [np.flatnonzero(kinds.ravel() == kind) for kind in range(kinds.max() + 1)]
    while True:
        yield np.concatenate([random.choice(group, -(-batch // len(groups))) for group in groups])


def _varied(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures mirrored, shifted, and with other contrast and brightness, each at random."""
    count = len(pictures)
    pictures = torch.where(torch.rand(count, 1, 1, 1) < 0.5, pictures.flip(3), pictures)
    contrast, light = 1 + _LIGHT * (torch.rand(2, count, 1, 1, 1) - 0.5)
    down, right = torch.randint(-_SHIFT, _SHIFT + 1, (2,)).tolist()
    return torch.roll(pictures * contrast + (light - 1), (down, right), (2, 3))
