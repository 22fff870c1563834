"""The seed index: which seeds' faces look most like a face, and which seed made it.

A small network describes a face by 32 numbers, so that faces that look alike have similar descriptions whatever the
light, the file and the exact cut. The index holds those of the first seeds of a generator, from 0 on.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import nn

from gan.model import images
from gan.model.networks import Discriminator
from gan.model.settings import ModelSettings

SIZE = 64  # pixels at which faces are described
NUMBERS = 32  # in a description
_TRUNK = ModelSettings(SIZE, widths=(256, 128, 64, 32), discriminator_norm="batch", skips=True)
_BATCH = 64  # faces at a time
_RUN = 64  # seeds whose best one is looked at first
_ROWS = 2**16  # descriptions that are compared at a time, so that memory stays small


class Descriptor(nn.Module):
    """Pictures `(N, 3, 64, 64)` in [-1, 1] → descriptions `(N, 32)` float32, before they are centred.

    A discriminator whose last layer has 32 numbers.
    """

    def __init__(self):
        super().__init__()
        self.trunk = Discriminator(_TRUNK)
        self.trunk.judge = nn.Linear(self.trunk.judge.in_features, NUMBERS, bias=False)
        # photographs and generated faces differ in all of them alike, which says nothing of who looks like whom
        self.register_buffer("photographs", torch.zeros(NUMBERS))
        self.register_buffer("generated", torch.zeros(NUMBERS))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.trunk(pictures)


def sized(faces: np.ndarray) -> np.ndarray:
    """Faces `(N, S, S, 3)` uint8 at the size at which they are described, `(N, 64, 64, 3)` uint8."""
    if faces.shape[1] == SIZE:
        return faces
    return np.stack(
        [np.asarray(Image.fromarray(face).resize((SIZE, SIZE), Image.Resampling.LANCZOS)) for face in faces]
    )


@torch.no_grad()
def described(descriptor: Descriptor, faces: np.ndarray, centre: torch.Tensor) -> np.ndarray:
    """Faces `(N, 64, 64, 3)` uint8 → descriptions `(N, 32)` float32 of length 1.

    Args:
        centre: `descriptor.photographs` or `descriptor.generated`. The caller must set eval mode.
    """
    parts = [faces[start : start + _BATCH].copy() for start in range(0, len(faces), _BATCH)]
    raw = torch.cat([descriptor(images.to_signed(torch.from_numpy(part))) for part in parts])
    return nn.functional.normalize(raw - centre).numpy()


@dataclass(frozen=True)
class SeedIndex:
    """The index of a generator."""

    id: str  # first 12 hex digits of the sha256 of its file
    descriptor: Descriptor  # in eval mode
    rows: np.ndarray  # (N, 32) int8: the description of seed k in units of 1 / 127

    def nearest(self, description: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """A description `(32,)` → the seeds most like it, most alike first, and their similarities, -1 to 1. Exact."""
        parts = [self.rows[start : start + _ROWS] for start in range(0, len(self.rows), _ROWS)]
        alike = np.concatenate([part.astype(np.float32) @ description for part in parts]) / 127
        # the best are among the runs of seeds whose best ones are the best: 2.3 ms instead of 4.6 for all of it
        starts = np.arange(0, len(alike), _RUN)
        runs = np.argsort(-np.maximum.reduceat(alike, starts), kind="stable")[:count]
        likely = (_RUN * runs[:, None] + np.arange(_RUN)).ravel()
        likely = np.sort(likely[likely < len(alike)])
        best = likely[np.argsort(-alike[likely], kind="stable")[:count]]
        return best, alike[best]


def rounded(descriptions: np.ndarray) -> np.ndarray:
    """Descriptions as the index holds them: `(N, 32)` int8."""
    return np.rint(127 * descriptions).astype(np.int8)
