"""Directions in latent space: what the attributes of a look move. NumPy only.

Each is learned by `gan.train.attributes`: along it one attribute changes and the others stay (after InterFaceGAN, Shen
et al. 2020, https://arxiv.org/abs/1907.10786).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from gan.model.look import ATTRIBUTES, Look


@dataclass(frozen=True)
class Directions:
    """Directions of a generator's latents."""

    id: str  # first 12 hex digits of the sha256 of their file: what a link names
    of: Mapping[str, np.ndarray]  # attribute → (latent_dim,) float32: the move by one standard deviation

    def moved(self, latents: np.ndarray, look: Look) -> np.ndarray:
        """Latents `(N, latent_dim)` float32, moved as the look says."""
        step = sum(np.float32(value) * self.of[name] for name, value in look.moved.items() if name in self.of)
        if not isinstance(step, np.ndarray):  # nothing is moved
            return latents
        return along(latents, step)


def along(latents: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Latents `(N, latent_dim)` moved by a step, each back to the length it had, which the generator was trained on."""
    moved = latents + step
    length = np.linalg.norm(latents, axis=1, keepdims=True) / np.linalg.norm(moved, axis=1, keepdims=True)
    return moved * length


def named(look: Look, known: Iterable[Directions]) -> Directions | None:
    """The directions that a look names; where they are not known, or it names none, the first."""
    known = list(known)
    return next((each for each in known if each.id == look.directions), known[0] if known else None)


def fitting(look: Look, known: Iterable[Directions]) -> tuple[Look, Directions | None]:
    """A look as a generator with these directions can show it, and those that it moves along.

    Args:
        known: the newest first. If the look names none of them, these are the newest.
    """
    directions = named(look, known)
    kept = {name: value for name, value in look.moved.items() if directions and name in directions.of}
    fitted = replace(look, **{**dict.fromkeys(ATTRIBUTES, 0.0), **kept}, directions=directions.id if kept else "")
    return fitted, directions if kept else None
