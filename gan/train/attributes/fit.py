"""Directions of a generator's latents along which one attribute changes and the others stay."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from tqdm import trange

from gan.model.additions import HIDDEN, LENGTHS
from gan.model.directions import LocalDirections
from gan.model.look import ATTRIBUTES, Look
from gan.train.attributes.scores import Scores

_UNITS = 128  # of the hidden layer
_EPOCHS, _BATCH, _RATE, _DECAY = 130, 512, 2e-3, 0.05
_HELD_OUT = 0.1  # share of the faces
# how much of the gradients' mean over all faces is added to those of an attribute that is moved: where a face has
# glasses already, its own gradient is hardly more than noise
_SMOOTH = 0.5
_MOVE = 1.5  # standard deviations, at which the effect of a move is measured
_FACES = 256  # on which it is measured
_ROUNDS = 2


class _Guess(nn.Module):
    """Latents `(N, latent_dim)` → attributes `(N, K)`: linear, and what one hidden layer adds."""

    def __init__(self, linear: torch.Tensor, units: int):
        super().__init__()
        attributes, size = linear.shape
        self.linear, self.hidden = nn.Linear(size, attributes, bias=False), nn.Linear(size, units)
        self.curved = nn.Linear(units, attributes)
        self.linear.weight.data = linear.clone()
        nn.init.normal_(self.hidden.weight, 0, 0.1)
        nn.init.zeros_(self.curved.weight)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.linear(latents) + self.curved(torch.tanh(self.hidden(latents)))


def fit(scores: Scores, count: int, seed: int = 0) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """The tensors of local directions, and the share of the variance of each attribute's held-out scores that the
    latent tells (R²).

    A small network guesses all attributes from the latent; a move follows its gradients. How much it is told to move is
    set by what the move does: faces do not follow the guess exactly.

    Args:
        count: faces that are looked at.
    """
    torch.manual_seed(seed)
    vectors, shown = (torch.from_numpy(array) for array in scores.of_seeds(count))
    trained_on = count - round(_HELD_OUT * count)
    guess = _learned(vectors[:trained_on], shown[:trained_on])
    with torch.no_grad():
        wrong = (shown[trained_on:] - guess(vectors[trained_on:])).var(0) / shown[trained_on:].var(0)
    told = {name: float(1 - share) for name, share in zip(scores.names, wrong)}
    found = _smoothed(guess, vectors[:_FACES], scores.names)
    names = [name for name in ATTRIBUTES if name in found]
    found[LENGTHS] = torch.ones(len(names))
    for _ in range(_ROUNDS):
        done = effects(scores, local(found), vectors[:_FACES].numpy())
        found[LENGTHS] /= torch.tensor([done[name][scores.names.index(name)] for name in names])
    return found, {name: told[name] for name in names}


def local(found: dict[str, torch.Tensor]) -> LocalDirections:
    """Directions of tensors by name, as they will be loaded."""
    arrays = {name: tensor.numpy() for name, tensor in found.items()}
    hidden, lengths = arrays.pop(HIDDEN), arrays.pop(LENGTHS)
    of = {name: arrays.pop(name) for name in ATTRIBUTES if name in arrays}
    return LocalDirections("", of, arrays, hidden, lengths)


def effects(scores: Scores, along: LocalDirections, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """By how much each move changes all attributes `(K,)` on average, for one standard deviation that it is told."""
    changes = {}
    for name in along.of:
        up, down = (scores.of(along.moved(vectors, Look(**{name: sign * _MOVE}))) for sign in (1, -1))
        changes[name] = (up - down).mean(0) / (2 * _MOVE)
    return changes


@torch.no_grad()
def _smoothed(guess: _Guess, vectors: torch.Tensor, names: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """The weights of a guess by name, with some of their mean gradients `(latent_dim,)` in those of attributes."""
    slope = (1 - torch.tanh(guess.hidden(vectors)) ** 2).mean(0)
    mean = guess.linear.weight + (guess.curved.weight * slope) @ guess.hidden.weight
    smooth = torch.cat([guess.linear.weight + _SMOOTH * mean, guess.curved.weight], 1) / (1 + _SMOOTH)
    exact = torch.cat([guess.linear.weight, guess.curved.weight], 1)
    rows = {name: (smooth if name in ATTRIBUTES else exact)[place].clone() for place, name in enumerate(names)}
    return {HIDDEN: torch.cat([guess.hidden.weight, guess.hidden.bias[:, None]], 1), **rows}


def _learned(vectors: torch.Tensor, shown: torch.Tensor) -> _Guess:
    inner = vectors.T @ vectors + 1e-3 * len(vectors) * torch.eye(vectors.shape[1])
    guess = _Guess(torch.linalg.solve(inner, vectors.T @ shown).T, _UNITS)
    steps = -(-_EPOCHS * len(vectors) // _BATCH)
    optimizer = torch.optim.AdamW(guess.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in trange(steps, desc="Learning what the latent tells", leave=False):
        rows = torch.randint(len(vectors), (_BATCH,))
        loss = F.mse_loss(guess(vectors[rows]), shown[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return guess
