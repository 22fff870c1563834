"""Points and a look → faces: what page, metrics and reports all call."""

from collections.abc import Sequence

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
    vectors = latents.from_points(points, generator.project.in_features)
    return from_latents(generator, vectors, look)


@torch.inference_mode()
def from_latents(
    generator: Generator, vectors: np.ndarray, look: Look | Sequence[Look] = AS_TRAINED, size: int = BATCH
) -> np.ndarray:
    """Latents `(N, latent_dim)` float32 → faces `(N, S, S, 3)` uint8, in eval mode and full float32.

    Args:
        look: of all of them alike, or of each.
        size: of a batch; another one may change a value by a grey level.
    """
    looks = [look] * len(vectors) if isinstance(look, Look) else look
    variations = np.array([each.variation for each in looks], np.float32)
    device, published = generator.project.weight.device, generator.mean_features is not None
    was_training = generator.training
    generator.eval()
    pictures = []
    # TF32 would move pixels by more than the one grey level that a link promises
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        for start in range(0, len(vectors), size):
            batch, of_batch = vectors[start : start + size], variations[start : start + size, None]
            if not published:  # the first released weights: in these, variation scales the latent
                batch = batch * of_batch
            padded, of_each = np.zeros((size, vectors.shape[1]), np.float32), np.ones((size, 1), np.float32)
            padded[: len(batch)], of_each[: len(batch)] = batch, of_batch
            output = generator(
                torch.from_numpy(padded).to(device),
                # of each one also where all are as trained, so that the same is computed whatever the others are
                torch.from_numpy(of_each).to(device)[..., None, None] if published else 1.0,
            )
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
