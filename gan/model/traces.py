"""Traces of any generator in a face: power spectra at native resolution, and how unlike known faces it is.

Generators leave periodic traces between neighbouring pixels and fall short of the spectrum of photographs (Durall et
al. 2020, https://arxiv.org/abs/2003.01826; Frank et al. 2020, https://arxiv.org/abs/2003.08685). Spectra are a weak
sign, but one that carries over to generators that were never seen; a network on a few thousand pictures learns the
look of its sources instead (docs/experiments/unseen.md).
"""

import numpy as np
import torch
from PIL import Image
from torch import nn

from gan.model import images
from gan.model.detector import Detector
from gan.model.face_finder import Square
from gan.model.settings import ModelSettings

BLOCK, STEP = 32, 16  # side and distance of the blocks, pixels
MOST = 320  # pixels of a square's side; larger ones are reduced, since a large photo's finest pixels hold only noise
NUMBERS = 3 * (BLOCK // 2 + 1) ** 2  # of a block: brightness and two colours, each at 17 × 17 frequencies
_KEPT = 5  # one direction is kept for so many numbers of a face's features
# brightness, red against green, blue against green
_CHANNELS = torch.tensor([[0.299, 0.587, 0.114], [1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])


class Traces(nn.Module):
    """Spectra of a face's blocks `(h, w, NUMBERS)` → the evidence of each block for "generated" `(h, w)`, in logits.

    The evidence of all blocks adds up to the logit of the face, which is exact: the model is linear.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__()
        numbers = 2 * settings.widths[0]
        for name, shape in {
            "weight": (NUMBERS,),
            "bias": (1,),
            # of a detector's features of known faces: the mean, the spread, and the directions in which they vary
            "centre": (numbers,),
            "spread": (numbers,),
            "directions": (numbers // _KEPT, numbers),
        }.items():
            self.register_buffer(name, torch.zeros(shape))

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        return (blocks @ self.weight + self.bias) / blocks[..., 0].numel()

    def unlikeness(self, features: torch.Tensor) -> torch.Tensor:
        """`face_features` `(N, D)` → how far each face is from those it knows, `(N,)`: a drawing is further than most.

        The root mean square of what lies outside the directions in which known faces vary, in standard deviations.
        """
        known = (features - self.centre) / self.spread
        return (known - known @ self.directions.T @ self.directions).square().mean(1).sqrt()


def native(picture: Image.Image, square: Square) -> np.ndarray:
    """The pixels of a square as they are in a PIL RGB picture: `(H, W, 3)` uint8, neither turned nor interpolated.

    It ends at the picture's edges. Squares of more than 320 pixels are reduced to that.
    """
    left, top, side = (round(value) for value in square[:3])
    box = max(left, 0), max(top, 0), min(left + side, picture.width), min(top + side, picture.height)
    return np.asarray(reduced(picture.crop(box)))


def reduced(picture: Image.Image) -> Image.Image:
    """A PIL picture of at most 320 pixels to a side."""
    scale = min(1, MOST / max(picture.size))
    if scale == 1:
        return picture
    return picture.resize([max(1, round(length * scale)) for length in picture.size], Image.Resampling.LANCZOS)


def spectra(pixels: np.ndarray) -> torch.Tensor:
    """`(H, W, 3)` uint8 → log power spectra of blocks of 32 × 32 pixels, every 16 pixels: `(h, w, NUMBERS)` float32."""
    missing = [(0, max(0, BLOCK - length)) for length in pixels.shape[:2]]
    padded = np.pad(pixels, [*missing, (0, 0)], "symmetric")
    channels = _CHANNELS @ torch.from_numpy(padded).permute(2, 0, 1).float().flatten(1)
    blocks = channels.view(3, *padded.shape[:2]).unfold(1, BLOCK, STEP).unfold(2, BLOCK, STEP)
    # Hann's window, sampled between its zeros: the same for a mirrored block
    window = torch.sin(torch.pi * (torch.arange(BLOCK) + 0.5) / BLOCK).square()
    power = torch.fft.rfft2((blocks - blocks.mean((-2, -1), keepdim=True)) * window * window[:, None]).abs().square()
    half = BLOCK // 2
    # rows of a frequency and of its negative are alike on average: a face and its mirror image are judged alike
    mirrored = (power[..., 1:half, :] + power[..., half + 1 :, :].flip(-2)) / 2
    folded = torch.cat([power[..., :1, :], mirrored, power[..., half : half + 1, :]], -2)
    return folded.log1p().permute(1, 2, 0, 3, 4).flatten(2)


@torch.no_grad()
def face_features(detector: Detector, faces: np.ndarray) -> torch.Tensor:
    """Faces `(N, S, S, 3)` uint8 → a detector's features of each, `(N, D)` float32. The caller must set eval mode."""
    features = detector.discriminator.last_features(images.to_signed(torch.from_numpy(faces)))
    both = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1).float()
    return both.sign() * both.abs().log1p()
