"""What faces show, in numbers: what the network guesses, and what is measured in the picture itself."""

import numpy as np
import torch
from tqdm import tqdm

from gan.model import images, latents, sampling
from gan.model.look import ATTRIBUTES
from gan.model.networks import Generator
from gan.train.attributes.network import AttributeNetwork

# of the picture: measured, not guessed; the last one is brightness, of which skin tone is told apart
MEASURED = ("turn", "skin", "light")
FIRST_SEED = 3_000_000_000  # of the faces looked at: far from those that people look at
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# rows and columns of the cheeks in a framed face, in shares of its side
_CHEEKS = (slice(0.53, 0.66), slice(0.22, 0.34)), (slice(0.53, 0.66), slice(0.66, 0.78))
_BATCH = 256
_FOR_TURN = 2048  # faces, from which it is learned how faces turn


class Scores:
    """Numbers of a generator's faces, in standard deviations of its own faces.

    How far a head is turned needs no labels: it is the first principal component of what a face's features differ by
    from those of its mirror image.
    """

    def __init__(self, network: AttributeNetwork, names: tuple[str, ...], generator: Generator, size: int):
        self.network, self.generator, self.size = network, generator, size
        guessed = tuple(name for name in names if name not in MEASURED)
        self.columns = [names.index(name) for name in guessed]
        self.names = tuple(sorted((*guessed, *MEASURED), key=ATTRIBUTES.index))
        self._order = [(*guessed, *MEASURED).index(name) for name in self.names]
        self._turn = self._mean = self._spread = None

    def of_seeds(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Latents `(count, latent_dim)` and what their faces show, `(count, K)` float32, from which mean and standard
        deviation are taken."""
        vectors = latents.from_seeds(range(FIRST_SEED, FIRST_SEED + count), self.generator.project.in_features)
        faces = self._faces(vectors[:_FOR_TURN])
        odd = self._odd(faces)
        self._turn = torch.pca_lowrank(odd, 1, center=False, niter=4)[2][:, 0]
        raw = np.concatenate(
            [
                self._raw(self._faces(vectors[start : start + _BATCH]))
                for start in tqdm(range(0, count, _BATCH), desc="Looking at faces", leave=False)
            ]
        )
        self._mean, self._spread = raw.mean(0), raw.std(0)
        return vectors, (raw - self._mean) / self._spread

    def of(self, vectors: np.ndarray) -> np.ndarray:
        """Latents `(N, latent_dim)` → what their faces show, `(N, K)`."""
        raw = [self._raw(self._faces(vectors[start : start + _BATCH])) for start in range(0, len(vectors), _BATCH)]
        return (np.concatenate(raw) - self._mean) / self._spread

    def _faces(self, vectors: np.ndarray) -> np.ndarray:
        """`(N, S, S, 3)` uint8 at the network's size."""
        faces = torch.from_numpy(sampling.from_latents(self.generator, vectors)).permute(0, 3, 1, 2).float()
        if faces.shape[-1] != self.size:
            shape = (self.size, self.size)
            faces = torch.nn.functional.interpolate(faces, shape, mode="bilinear", antialias=True)
        return faces.permute(0, 2, 3, 1).round().byte().numpy()

    @torch.no_grad()
    def _features(self, faces: np.ndarray) -> torch.Tensor:
        return self.network.features(images.to_signed(torch.from_numpy(faces)))

    def _odd(self, faces: np.ndarray) -> torch.Tensor:
        parts = [faces[start : start + _BATCH] for start in range(0, len(faces), _BATCH)]
        return torch.cat([self._features(part) - self._features(part[:, :, ::-1].copy()) for part in parts])

    @torch.no_grad()
    def _raw(self, faces: np.ndarray) -> np.ndarray:
        """`(N, S, S, 3)` uint8 → `(N, K)` float32, as measured."""
        features, mirrored = self._features(faces), self._features(faces[:, :, ::-1].copy())
        guessed = self.network.guess(features).numpy()[:, self.columns]
        turn = ((features - mirrored) @ self._turn).numpy()
        grey = faces.astype(np.float32) @ _LUMA
        skin = np.mean([part(grey, *cheek) for cheek in _CHEEKS], 0)
        return np.column_stack([guessed, turn, skin, grey.mean((1, 2))])[:, self._order].astype(np.float32)


def part(grey: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Mean of a part of pictures `(N, S, S)`, its place in shares of the side."""
    side = grey.shape[1]
    down, right = (slice(round(each.start * side), round(each.stop * side)) for each in (rows, columns))
    return grey[:, down, right].mean((1, 2))
