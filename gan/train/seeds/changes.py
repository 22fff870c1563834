"""What may happen to a picture without making it another face: cut, light, blur, noise, compression."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from gan.model import images
from gan.train.pictures.lossy import saved

# most of each change
_SHIFT, _SIZE, _ROLL = 0.08, 0.15, 10.0  # share of the side, of the size, degrees
_LIGHT, _CAST, _NOISE = 0.2, 0.06, 0.04  # of the range from -1 to 1
_BLURRED, _COMPRESSED = 0.5, 0.4  # probabilities
_COARSEST = 28  # pixels to which a face is shrunk and enlarged again


def changed(faces: np.ndarray, random: np.random.Generator) -> torch.Tensor:
    """Faces `(N, S, S, 3)` uint8 → `(N, 3, S, S)` in [-1, 1], each changed at random."""
    pictures = _cut(images.to_signed(torch.from_numpy(faces)), random)
    pictures = _lit(pictures, random)
    for place in np.flatnonzero(random.random(len(faces)) < _BLURRED):
        side = int(random.integers(_COARSEST, faces.shape[1]))
        small = F.interpolate(pictures[place : place + 1], (side, side), mode="bilinear", antialias=True)
        pictures[place] = F.interpolate(small, faces.shape[1:3], mode="bicubic")[0]
    pictures += _random(random, _NOISE, (len(faces), 1, 1, 1)) * torch.randn(pictures.shape)
    packed = np.flatnonzero(random.random(len(faces)) < _COMPRESSED)
    if len(packed):
        files = images.to_uint8(pictures[packed])
        read = [np.asarray(saved(Image.fromarray(file), "JPEG", int(random.integers(30, 95)))) for file in files]
        pictures[packed] = images.to_signed(torch.from_numpy(np.stack(read)))
    return pictures.clamp(-1, 1)


def _random(random: np.random.Generator, most: float, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(random.uniform(-most, most, shape).astype(np.float32))


def _cut(pictures: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """A slightly other square around each face, as a face finder may cut it."""
    count = len(pictures)
    roll, size = torch.deg2rad(_random(random, _ROLL, (count,))), 1 + _random(random, _SIZE, (count,))
    shift = _random(random, 2 * _SHIFT, (count, 2))
    cosine, sine = size * roll.cos(), size * roll.sin()
    across, down = torch.stack([cosine, -sine, shift[:, 0]], 1), torch.stack([sine, cosine, shift[:, 1]], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _lit(pictures: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Contrast, brightness and a cast of colour, as cameras differ."""
    count = len(pictures)
    contrast = 1 + _random(random, _LIGHT, (count, 1, 1, 1))
    return pictures * contrast + _random(random, _LIGHT, (count, 1, 1, 1)) + _random(random, _CAST, (count, 3, 1, 1))
