"""Pictures → the output of a discriminator or a detector."""

import numpy as np
import torch

from gan.model import images

_BATCH = 64  # pictures


@torch.no_grad()
def judged(network: torch.nn.Module, pictures: np.ndarray) -> np.ndarray:
    """`(N, S, S, 3)` uint8 → a discriminator's logits `(N,)` or a detector's evidence `(N, h, w)`, float32.

    The caller must set eval mode.
    """
    starts = range(0, len(pictures), _BATCH)
    batches = (torch.from_numpy(pictures[start : start + _BATCH].copy()) for start in starts)
    return torch.cat([network(images.to_signed(batch)) for batch in batches]).numpy()
