"""The detector: a discriminator trained further on finished generators, with the evidence of each place."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan.model import critic
from gan.model.networks import Discriminator
from gan.model.settings import ModelSettings

_SHARPER = 2.0  # how often the difference from a blur over five pixels is added


class Detector(nn.Module):
    """Pictures `(N, 3, S, S)` in [-1, 1] → evidence of each place `(N, h, w)` float32.

    The evidence of all places adds up to the logit of the picture, above 0 for generated. This is exact, since the last
    layer is linear: the sum over the channels of a place is its share.

    Pictures are sharpened first: what gives a generator away is fine and faint, and is learned much sooner when it is
    stronger.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.discriminator = Discriminator(settings)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        sharp = pictures + _SHARPER * (pictures - _blurred(pictures))
        features, judge = self.discriminator.last_features(sharp), self.discriminator.judge
        with torch.autocast(features.device.type, enabled=False):
            features = features.float().permute(0, 2, 3, 1)
            shares = (features * judge.weight.view(features.shape[1:])).sum(-1)
            return shares + judge.bias / shares[0].numel()


def _blurred(pictures: torch.Tensor) -> torch.Tensor:
    """Means over squares of 5 × 5 pixels, as sums of slices: PyTorch's average pooling is slower."""
    height, width = pictures.shape[2:]
    padded = F.pad(pictures, (2, 2, 2, 2), mode="reflect")
    rows = sum(padded[:, :, shift : shift + height] for shift in range(5))
    return sum(rows[:, :, :, shift : shift + width] for shift in range(5)) / 25


def evidence(detector: Detector, pictures: np.ndarray) -> np.ndarray:
    """`(N, S, S, 3)` uint8 → evidence `(N, h, w)` float32, the mean for each picture and its mirror image.

    Two looks are better than one. The caller must set eval mode.
    """
    return (critic.judged(detector, pictures) + critic.judged(detector, pictures[:, :, ::-1])[:, :, ::-1]) / 2
