"""Seeds to latents, and paths between latents. NumPy only: this half of what defines a face never changes."""

import numpy as np


def from_seeds(seeds, dim: int) -> np.ndarray:
    """Latents of the given seeds: `(N, dim)` float32, standard normal.

    NumPy guarantees that the stream of the legacy `RandomState` never changes (NEP 19), so a seed means the same
    latent forever.

    Raises:
        ValueError: a seed is not an integer from 0 to 2**32 - 1.
    """
    seeds = [int(seed) for seed in seeds]
    points, random = np.empty((len(seeds), dim), np.float32), np.random.RandomState(0)
    for point, seed in zip(points, seeds):
        # the same stream as a new RandomState(seed), without collecting entropy first
        random.seed(seed)
        point[:] = random.standard_normal(dim)
    return points


def slerp(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    """Spherical interpolation from `start` (t = 0) to `end` (t = 1), both `(..., dim)`.

    Latents live on a shell of radius about sqrt(dim); the midpoint of a straight line has 0.71 of that norm,
    where the generator was not trained (White 2016, https://arxiv.org/abs/1609.04468).
    """
    cosine = np.sum(start * end, -1, keepdims=True) / (
        np.linalg.norm(start, axis=-1, keepdims=True) * np.linalg.norm(end, axis=-1, keepdims=True)
    )
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    # between parallel latents there is no unique great circle; a straight line is right
    safe = np.where(sine < 1e-6, 1, sine)
    from_weight = np.where(sine < 1e-6, 1 - t, np.sin((1 - t) * angle) / safe)
    to_weight = np.where(sine < 1e-6, t, np.sin(t * angle) / safe)
    return (from_weight * start + to_weight * end).astype(np.float32)
