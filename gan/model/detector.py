"""A judge of pictures: a discriminator that has left the game, with the share of each place in what it says."""

import numpy as np
import torch
from torch import nn

from gan.model import images
from gan.model.networks import Discriminator
from gan.model.settings import ModelSettings

_BATCH = 64


class Detector(nn.Module):
    """Pictures `(N, 3, S, S)` in [-1, 1] → the evidence of each place `(N, h, w)` float32: the places' sum is the logit of
    the picture, above 0 speaks for generated.

    The last layer is linear, so the sum over the channels of a place is its exact share: no method of explanation is needed.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.discriminator = Discriminator(settings)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        features, judge = self.discriminator.steps(pictures), self.discriminator.judge
        with torch.autocast(features.device.type, enabled=False):
            features = features.float().permute(0, 2, 3, 1)
            shares = (features * judge.weight.view(features.shape[1:])).sum(-1)
            return shares + judge.bias / shares[0].numel()


@torch.no_grad()
def evidence(detector: Detector, pictures: np.ndarray) -> np.ndarray:
    """`(N, S, S, 3)` uint8 → `(N, h, w)` float32, each picture on its own merits."""
    starts = range(0, len(pictures), _BATCH)
    batches = (torch.from_numpy(pictures[start:start + _BATCH].copy()) for start in starts)
    return torch.cat([detector(images.to_signed(batch)) for batch in batches]).numpy()
