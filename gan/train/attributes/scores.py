"""What faces show, in numbers: what the network guesses, and what is measured in the picture itself."""

import numpy as np
import torch
from torch.nn.functional import interpolate
from tqdm import tqdm

from gan.model import face_finder, images, latents
from gan.model.networks import Generator, memory_format
from gan.train.attributes.network import AttributeNetwork
from gan.train.machine import cpu_has_bf16

# of the picture: measured, not guessed. Skin tone and brightness are no attributes, since their directions end in
# smears (docs/experiments/attributes.md); they are here so that the others leave them alone
MEASURED = ("turn", "skin", "light")
FIRST_SEED = 3_000_000_000  # of the faces looked at: far from those that people look at
LUMA = (0.299, 0.587, 0.114)
# rows and columns of the cheeks in a framed face, in shares of its side
CHEEKS = (slice(0.53, 0.66), slice(0.22, 0.34)), (slice(0.53, 0.66), slice(0.66, 0.78))
_BATCH = 256
_FOR_TURN, _TO_ORIENT = 2048, 2  # faces, from which it is learned how faces turn; batches of them, which way


class Scores:
    """Numbers of a generator's faces, in standard deviations of its own faces.

    How far a head is turned needs no labels: it is the first principal component of what a face's features differ by
    from those of its mirror image.
    """

    def __init__(self, network: AttributeNetwork, names: tuple[str, ...], generator: Generator, size: int):
        self.network, self.size = network, size
        self.generator = generator.to(memory_format=memory_format(torch.device("cpu")))
        guessed = tuple(name for name in names if name not in MEASURED)
        self.columns = [names.index(name) for name in guessed]
        self.names = (*guessed, *MEASURED)
        self._turn = self._mean = self._spread = None

    def of_seeds(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Latents `(count, latent_dim)` and what their faces show, `(count, K)` float32, from which mean and standard
        deviation are taken."""
        vectors = latents.from_seeds(range(FIRST_SEED, FIRST_SEED + count), self.generator.project.in_features)
        self._turn = self._turning(vectors[:_FOR_TURN])
        raw = np.concatenate([self._raw(part) for part in tqdm(_parts(vectors), desc="Looking at faces", leave=False)])
        self._mean, self._spread = raw.mean(0), raw.std(0)
        return vectors, (raw - self._mean) / self._spread

    def of(self, vectors: np.ndarray) -> np.ndarray:
        """Latents `(N, latent_dim)` → what their faces show, `(N, K)`."""
        raw = np.concatenate([self._raw(part) for part in _parts(vectors)])
        return (raw - self._mean) / self._spread

    @torch.no_grad()
    def _pictures(self, vectors: np.ndarray) -> torch.Tensor:
        """`(N, 3, S, S)` in [-1, 1] at the network's size."""
        pictures = self.generator(torch.from_numpy(vectors)).float()
        if pictures.shape[-1] != self.size:
            pictures = interpolate(pictures, (self.size, self.size), mode="bilinear", antialias=True)
        return pictures

    @torch.no_grad()
    def _turning(self, vectors: np.ndarray) -> torch.Tensor:
        """The direction of features `(D,)` along which faces turn to the picture's right."""
        pictures = [self._pictures(part) for part in _parts(vectors)]
        odd = torch.cat([self.network.features(part) - self.network.features(part.flip(3)) for part in pictures])
        found = torch.pca_lowrank(odd, 1, center=False, niter=4)[2][:, 0]
        # mirror images are opposites, so which end is right is seen in some faces
        seen = np.array([face_finder.turn(face) for part in pictures[:_TO_ORIENT] for face in images.to_uint8(part)])
        known = ~np.isnan(seen)
        along = (odd[: len(seen)] @ found).numpy()
        return found if seen[known] @ along[known] >= 0 else -found

    @torch.no_grad()
    def _raw(self, vectors: np.ndarray) -> np.ndarray:
        """Latents `(N, latent_dim)` → `(N, K)` float32, as measured."""
        # bfloat16 is enough to look at faces, and three times as fast where the CPU has it
        with torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_bf16()):
            pictures = self._pictures(vectors)
            features = self.network.features(pictures)
            odd = (features - self.network.features(pictures.flip(3))).float()
        turn = odd @ self._turn
        guessed = self.network.guess(features)[:, self.columns]
        grey = torch.einsum("nchw,c->nhw", pictures, torch.tensor(LUMA))
        skin = sum(part(grey, *cheek) for cheek in CHEEKS)
        return torch.column_stack([guessed, turn, skin, grey.mean((1, 2))]).numpy()


def _parts(vectors: np.ndarray) -> list[np.ndarray]:
    return [vectors[start : start + _BATCH] for start in range(0, len(vectors), _BATCH)]


def part(grey, rows: slice, columns: slice):
    """Mean of a part of pictures `(N, S, S)`, an array or a tensor, its place in shares of the side."""
    side = grey.shape[1]
    down, right = (slice(round(each.start * side), round(each.stop * side)) for each in (rows, columns))
    return grey[:, down, right].mean((1, 2))
