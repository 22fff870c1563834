"""Directions of a generator's latents along which one attribute changes and the others stay."""

import numpy as np

from gan.model.directions import along
from gan.model.look import ATTRIBUTES
from gan.train.attributes.scores import Scores

_RIDGE = 1e-3  # share of the number of faces
# how much of the others may change: the strict move is up to 1.7 times as long, and a long one leaves the person
_LEEWAY = 0.05
_STEP = 1.5  # standard deviations, at which the effect of a move is measured
_FACES = 256  # on which it is measured


def fit(scores: Scores, count: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Directions `(latent_dim,)` by attribute, each the move by one standard deviation, and the share of the variance
    of each attribute that is linear in the latent (R²).

    A linear model of all attributes gives short moves that change one of them and hardly any other. Its length is
    set by what it does: faces do not follow the model exactly.

    Args:
        count: faces that are looked at; half of them test the linear model.
    """
    vectors, shown = scores.of_seeds(count)
    half = count // 2
    tested = _ridge(vectors[:half], shown[:half])
    wrong = (shown[half:] - vectors[half:] @ tested).var(0) / shown[half:].var(0)
    model = _ridge(vectors, shown).T  # (K, latent_dim)
    moves = np.linalg.solve(model @ model.T + _LEEWAY * np.eye(len(model)), model)
    for _ in range(2):
        moves /= np.diag(effects(scores, moves, vectors[:_FACES]))[:, None]
    found = {name: move.astype(np.float32) for name, move in zip(scores.names, moves) if name in ATTRIBUTES}
    linear = {name: float(1 - share) for name, share in zip(scores.names, wrong)}
    return found, {name: linear[name] for name in found}


def effects(scores: Scores, moves: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """`(K, K)`: by how much each move (row) changes each attribute (column) on average, per standard deviation."""
    rows = []
    for move in moves.astype(np.float32):
        up, down = (scores.of(along(vectors, sign * np.float32(_STEP) * move)) for sign in (1, -1))
        rows.append((up - down).mean(0) / (2 * _STEP))
    return np.stack(rows)


def _ridge(vectors: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Latents `(N, latent_dim)`, attributes `(N, K)` with mean 0 → a linear model `(latent_dim, K)`."""
    inner = vectors.T @ vectors + _RIDGE * len(vectors) * np.eye(vectors.shape[1], dtype=np.float32)
    return np.linalg.solve(inner, vectors.T @ shown)
