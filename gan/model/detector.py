"""The detector: a discriminator trained further on finished generators, with the evidence of each place."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan.model import critic
from gan.model.networks import Discriminator
from gan.model.settings import ModelSettings

REAL, GENERATED, UNCLEAR = "likely real", "likely generated", "can't tell"  # verdicts
# and what decided: the detector recognised its generators, or not surely; many, some or few traces of any generator; a
# face unlike those in training; nothing was trained on other generators
OURS, SOME_OF_OURS, TRACES, SOME_TRACES, FEW_TRACES = "ours", "some of ours", "traces", "some traces", "few traces"
UNLIKE, UNTRAINED = "unlike", "untrained"
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


def decide(
    ours: float, calibration: dict, unseen: float | None = None, unlikeness: float = 0.0, limits: dict | None = None
) -> tuple[str, str]:
    """The verdict, and what decided it.

    "Likely generated" takes one of two signs: the detector recognises its generators, or the face has the traces that
    generators leave. "Likely real" takes that neither is there, as far as this was worth something on pictures of
    generators that were left out of training. Without `limits` nothing is known of those, and nothing is called real.

    Args:
        ours: the probability that a generator that the detector knows made the face, and its `calibration`.
        unseen: the probability that any generator made it, by its traces.
        unlikeness: how far the face is from those in training.
        limits: `unseen.calibration` of a detector's config, for the last two.
    """
    if ours >= (limits["ours_from"] if limits else calibration["generated_from"]):
        return GENERATED, OURS
    if limits and unlikeness >= limits["unlike_from"]:
        return UNCLEAR, UNLIKE
    if limits and unseen >= limits["generated_from"]:
        return GENERATED, TRACES
    if ours > calibration["real_up_to"]:
        return UNCLEAR, SOME_OF_OURS
    if not limits:
        return UNCLEAR, UNTRAINED
    return (REAL, FEW_TRACES) if unseen <= limits["real_up_to"] else (UNCLEAR, SOME_TRACES)
