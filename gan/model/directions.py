"""Directions in latent space: what the attributes of a look move. NumPy only.

Along each, one attribute changes and the others stay (after InterFaceGAN, Shen et al. 2020,
https://arxiv.org/abs/1907.10786). They are learned by `gan.train.attributes`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from gan.model.look import ATTRIBUTES, Look

STEPS = 6  # of a move along directions that differ from place to place
LEEWAY = 0.05  # how much the other attributes may change: a strict move is longer, and a long one leaves the person


@dataclass(frozen=True)
class Directions:
    """Directions of a generator's latents, the same everywhere."""

    id: str  # first 12 hex digits of the sha256 of their file: what a link names
    of: Mapping[str, np.ndarray]  # attribute → (latent_dim,) float32: the move by one standard deviation

    def moved(self, latents: np.ndarray, look: Look) -> np.ndarray:
        """Latents `(N, latent_dim)` float32, moved as the look says, each at the length it had."""
        step = sum(np.float32(value) * self.of[name] for name, value in look.moved.items() if name in self.of)
        if not isinstance(step, np.ndarray):  # nothing is moved
            return latents
        return along(latents, step)


@dataclass(frozen=True)
class LocalDirections(Directions):
    """Directions that differ from face to face: a small network guesses the attributes from the latent, and a move
    follows its gradients.

    Attributes are hardly linear in the latent, so a straight move that makes one face smile makes another one pale. At
    each of some steps, an attribute that is moved goes a fixed length along the part of its gradient that leaves all
    others alone, and those that have changed all the same are brought back to what they were at the start.
    """

    # the guess is `linear z + curved tanh(hidden z + bias)`, in standard deviations of all faces;
    # `of`: attribute → (latent_dim + H,) float32, linear and then curved
    held: Mapping[str, np.ndarray]  # the same of what no slider moves, and no move should
    hidden: np.ndarray  # (H, latent_dim + 1) float32; the last column is the bias
    lengths: np.ndarray  # (len(of),) float32: of a move by one standard deviation

    def moved(self, latents: np.ndarray, look: Look) -> np.ndarray:
        asked = [look.moved.get(name, 0.0) for name in self.of]
        if not any(asked):
            return latents
        weights = np.array([*self.of.values(), *self.held.values()], np.float64)
        lengths = np.zeros(len(weights))
        lengths[: len(self.of)] = asked * self.lengths / STEPS
        # one latent after the other, in float64: a face must not depend on those that are drawn with it
        return np.stack([self._moved(latent.astype(np.float64), weights, lengths) for latent in latents])

    def _moved(self, latent: np.ndarray, weights: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """A latent after all steps; `lengths` `(K,)` of each attribute's step, 0 where it is not moved."""
        start, length, at = self._guessed(latent, weights)[0], np.linalg.norm(latent), latent
        for _ in range(STEPS):
            guessed, gradients = self._guessed(at, weights)
            gradients = gradients - np.outer(gradients @ at, at) / length**2  # along the sphere
            inner = gradients @ gradients.T + LEEWAY * np.eye(len(gradients))
            alone = gradients.T @ np.linalg.inv(inner)  # (latent_dim, K): each changes one attribute
            unit = alone / np.linalg.norm(alone, axis=0)
            at = at + unit @ lengths + alone @ np.where(lengths == 0, start - guessed, 0)
            at = at * (length / np.linalg.norm(at))
        return at.astype(np.float32)

    def _guessed(self, at: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The attributes at a latent, `(K,)`, and their gradients `(K, latent_dim)`."""
        matrix, bias = self.hidden[:, :-1].astype(np.float64), self.hidden[:, -1]
        linear, curved = weights[:, : len(at)], weights[:, len(at) :]
        layer = np.tanh(matrix @ at + bias)
        return linear @ at + curved @ layer, linear + (curved * (1 - layer**2)) @ matrix


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
