"""Points to latents, and paths between latents. NumPy only: this half of what defines a face never changes."""

from collections.abc import Iterable

import numpy as np

from gan.model.point import Place, Point, seeds_of


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


def from_points(points: Iterable[Point], dim: int) -> np.ndarray:
    """Latents of the given points: `(N, dim)` float32. A seed's is that of `from_seeds`, a place's is between its ends.

    Raises:
        ValueError: a seed is not an integer from 0 to 2**32 - 1.
    """
    points = list(points)
    seeds = list(dict.fromkeys(seed for point in points for seed in seeds_of(point)))
    of_seed = dict(zip(seeds, from_seeds(seeds, dim)))

    def latent(point: Point) -> np.ndarray:
        # one by one, so that no bit depends on how many there are
        return slerp(latent(point.left), latent(point.right), point.t) if isinstance(point, Place) else of_seed[point]

    return np.stack([latent(point) for point in points]) if points else np.empty((0, dim), np.float32)


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
