"""What both networks are: the part of the settings that the weights folder holds and the page needs."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gan import UserError


def ladder(resolution: int) -> list[int]:
    """Side lengths in pixels that the networks climb, smallest first: halve, rounding up, until at most 4.

    64 → [4, 8, 16, 32, 64]; 150 → [3, 5, 10, 19, 38, 75, 150].
    """
    sizes = [resolution]
    while sizes[0] > 4:
        sizes.insert(0, (sizes[0] + 1) // 2)
    return sizes


def check(condition: bool, sentence: str) -> None:
    """
    Raises:
        UserError: the condition does not hold; with the sentence.
    """
    if not condition:
        raise UserError(sentence + ".")


@dataclass(frozen=True)
class ModelSettings:
    """What both networks are: enough to rebuild them."""

    # side of the square faces, pixels, from 16 up
    resolution: int = 64
    # numbers in a latent
    latent_dim: int = 100
    # channels per generator step, coarsest first, mirrored in the discriminator;
    # default: 64 at the finest step, doubling downwards, at most 512 (64 px: 512 256 128 64)
    widths: tuple[int, ...] = ()
    # normalisation in the discriminator; BatchNorm couples the pictures of a batch and makes gradient penalties wrong
    discriminator_norm: Literal["none", "batch"] = "none"
    # each generator step adds to the picture, each discriminator step but the first has a shortcut (StyleGAN2)
    skips: bool = False

    def __post_init__(self):
        # upper bounds, so that a damaged or hostile config.json cannot allocate terabytes
        check(16 <= self.resolution <= 1024, f"--resolution {self.resolution}: must be from 16 to 1024 pixels")
        check(1 <= self.latent_dim <= 4096, f"--latent_dim {self.latent_dim}: must be from 1 to 4096")
        steps = len(ladder(self.resolution)) - 1
        check(
            len(self.channels) == steps and all(1 <= width <= 4096 for width in self.channels),
            f"--widths {' '.join(map(str, self.widths))}: "
            f"{self.resolution} px takes {steps} widths, each from 1 to 4096",
        )

    @property
    def channels(self) -> tuple[int, ...]:
        """The widths, or their default for this resolution."""
        steps = len(ladder(self.resolution)) - 1
        return tuple(self.widths) or tuple(min(512, 64 * 2**k) for k in reversed(range(steps)))

    def explicit(self) -> "ModelSettings":
        """The same settings with the widths written out, as they are saved."""
        return dataclasses.replace(self, widths=self.channels)


def to_dict(settings) -> dict:
    """A dataclass of settings as plain JSON types; tuples become lists and paths strings."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, tuple):
            return list(value)
        return str(value) if isinstance(value, Path) else value

    return plain(dataclasses.asdict(settings))
