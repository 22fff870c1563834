"""Points and a look → faces: what page, metrics and reports all call."""

import numpy as np
import torch

from gan.model import images, latents
from gan.model.look import AS_TRAINED, Look
from gan.model.networks import Generator

BATCH = 16  # each batch is padded to this size, so the same kernels run and a face does not depend on the others


def faces(generator: Generator, points, look: Look = AS_TRAINED) -> np.ndarray:
    """Faces of the given points: `(N, S, S, 3)` uint8.

    Args:
        generator: float32, on any device; its mode is left as it was.
        points: see `gan.model.point`.
        look: what is done to all of them alike.
    """
    return from_latents(generator, latents.from_points(points, generator.project.in_features), look)


@torch.no_grad()
def from_latents(generator: Generator, vectors: np.ndarray, look: Look = AS_TRAINED, size: int = BATCH) -> np.ndarray:
    """Latents `(N, latent_dim)` float32 → faces `(N, S, S, 3)` uint8, in eval mode and full float32.

    Args:
        size: of a batch; another one may change a value by a grey level.
    """
    variation = look.variation
    if generator.mean_features is None:  # the first released weights: in these, variation scales the latent
        vectors, variation = vectors * np.float32(variation), 1.0
    device = generator.project.weight.device
    was_training = generator.training
    generator.eval()
    pictures = []
    # TF32 would move pixels by more than the one grey level that a link promises
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        for start in range(0, len(vectors), size):
            batch = vectors[start : start + size]
            padded = np.zeros((size, vectors.shape[1]), np.float32)
            padded[: len(batch)] = batch
            output = generator(torch.from_numpy(padded).to(device), variation)
            pictures.append(images.to_uint8(output)[: len(batch)])
    generator.train(was_training)
    return np.concatenate(pictures)


@torch.no_grad()
def mean_features(generator: Generator) -> torch.Tensor:
    """Mean of the coarsest features over seeds 0 to 4095, `(C, S0, S0)`: the target of variation below 1.

    Features are pulled instead of the latent scaled: a latent far inside the shell of training latents gives grey
    faces, since the layers then get less than they were normalised for (docs/experiments).
    """
    was_training, weight = generator.training, generator.project.weight
    generator.eval()
    points = torch.from_numpy(latents.from_seeds(range(4096), generator.project.in_features)).to(weight.device)
    mean = torch.stack([generator.first_features(batch).mean(0) for batch in points.split(256)]).mean(0)
    generator.train(was_training)
    return mean
