"""Pictures → the discriminator's logits."""

import numpy as np
import torch

from gan.model import images
from gan.model.networks import Discriminator

_BATCH = 64


@torch.no_grad()
def logits(discriminator: Discriminator, pictures: np.ndarray) -> np.ndarray:
    """`(N, S, S, 3)` uint8 → `(N,)` float32, each picture on its own merits (eval mode is the caller's)."""
    starts = range(0, len(pictures), _BATCH)
    batches = (torch.from_numpy(pictures[start:start + _BATCH].copy()) for start in starts)
    return torch.cat([discriminator(images.to_signed(batch)) for batch in batches]).numpy()
