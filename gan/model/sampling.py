"""Seeds and variation → faces: what page, metrics and reports all call."""

import numpy as np
import torch

from gan.model import images, latents
from gan.model.networks import Generator

BATCH = 16  # every batch is padded to this size: the same kernels run, so a face does not depend on its neighbours


def faces(generator: Generator, seeds, variation: float = 1.0) -> np.ndarray:
    """Faces of the given seeds: `(N, S, S, 3)` uint8.

    Args:
        generator: float32, on any device; its mode is left as it was.
        seeds: integers, 0 <= seed < 2**32.
        variation: what the latent is multiplied by; 1 as trained, towards 0 ever closer to one average face.
    """
    return from_latents(generator, latents.from_seeds(seeds, generator.project.in_features) * np.float32(variation))


@torch.no_grad()
def from_latents(generator: Generator, points: np.ndarray) -> np.ndarray:
    """Latents `(N, latent_dim)` float32 → faces `(N, S, S, 3)` uint8, in eval mode and full float32."""
    device = generator.project.weight.device
    was_training = generator.training
    generator.eval()
    pictures = []
    # TF32 would move pixels by more than the one grey level that a link promises
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        for start in range(0, len(points), BATCH):
            batch = points[start:start + BATCH]
            padded = np.zeros((BATCH, points.shape[1]), np.float32)
            padded[:len(batch)] = batch
            output = generator(torch.from_numpy(padded).to(device))
            pictures.append(images.to_uint8(output)[:len(batch)])
    generator.train(was_training)
    return np.concatenate(pictures)
