"""Pictures that the detector was not trained on: one half to calibrate it, the other to report on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gan import UserError
from gan.model import sampling, weights
from gan.model.look import Look
from gan.train.measure import quality
from gan.train.pictures.store import Store

FIRST_SEED = 3_000_000_000  # of the generated faces: none of them was trained on
VARIATIONS = (1.0, 0.8)  # of the faces, in turn
FEWEST = 40  # real pictures in each half, below which the figures would mean nothing
_THUMBNAIL = 16  # pixels, side of the thumbnails that copies are found by
_ALIKE = 0.003  # distance between thumbnails below which two pictures are copies, whatever the other distances


@dataclass(frozen=True)
class HeldOut:
    """Held-out pictures and new faces, in the same sizes."""

    pictures: list[Image.Image]
    names: np.ndarray  # (N,) str: the data set, or the generator's id
    generated: np.ndarray  # (N,) 0 or 1
    variations: np.ndarray  # (N,) of the faces; 1 for real pictures
    reported: np.ndarray  # (N,) bool: every second one is reported on, the others are calibrated on
    copies: int  # held-out pictures that were left out as copies of training pictures

    def part(self, chosen: np.ndarray) -> "HeldOut":
        """The pictures where `chosen`, `(N,)` bool, is true."""
        return HeldOut(
            [picture for picture, take in zip(self.pictures, chosen) if take],
            self.names[chosen],
            self.generated[chosen],
            self.variations[chosen],
            self.reported[chosen],
            self.copies,
        )


def collect(stores: dict[int, list[Store]], generators: list[weights.Weights]) -> HeldOut:
    """Every held-out picture once, in one of the sizes, and as many faces.

    Args:
        stores: size in pixels → a store for each data set, in the same order for each size.

    Raises:
        UserError: too few pictures are held out.
    """
    pictures, names, reported, left_out, sizes = [], [], [], 0, sorted(stores)
    for of_one_set in zip(*(stores[size] for size in sizes)):
        found = copies(of_one_set[0])
        left_out += int(found.sum())
        for count, place in enumerate(np.flatnonzero(~found)):
            # two in a row have the same size, and every second one is reported on
            pictures.append(Image.fromarray(of_one_set[count // 2 % len(sizes)].held_out[place]))
            names.append(Path(of_one_set[0].info["name"]).name)
            reported.append(count % 2 == 1)
    real = len(pictures)
    if real < 2 * FEWEST:
        raise UserError(f"Only {real} pictures are held out; measuring a detector takes at least {2 * FEWEST}.")
    variations = [1.0] * real
    for generator in generators:
        for which, variation in enumerate(VARIATIONS):
            first = FIRST_SEED + 10**6 * which
            count = -(-real // len(generators) // len(VARIATIONS))
            made = sampling.faces(generator.generator, range(first, first + count), Look(variation))
            pictures += map(Image.fromarray, made)
            names += [generator.generator_id] * len(made)
            variations += [variation] * len(made)
            reported += [place % 2 == 1 for place in range(len(made))]
    return HeldOut(
        pictures,
        np.array(names),
        (np.arange(len(pictures)) >= real).astype(int),
        np.array(variations),
        np.array(reported),
        left_out,
    )


def copies(store: Store) -> np.ndarray:
    """Which of the held-out pictures are copies of training pictures, mirrored or not: `(M,)` bool."""
    if not len(store.held_out) or not len(store.train):
        return np.zeros(len(store.held_out), bool)
    train = np.concatenate(
        [_thumbnails(store.train[start : start + 1000]) for start in range(0, len(store.train), 1000)]
    )
    pictures = np.array(store.held_out)
    distances, _ = quality.nearest(_thumbnails(pictures), _thumbnails(pictures[:, :, ::-1]), train)
    return quality.copies(distances) | (distances < _ALIKE)


def _thumbnails(pictures: np.ndarray) -> np.ndarray:
    """`(N, S, S, 3)` uint8 → `(N, 256)` float32: grey, of mean 0 and length 1, whatever brightness and contrast."""
    small = [
        np.asarray(Image.fromarray(picture).convert("L").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX))
        for picture in pictures
    ]
    rows = np.stack(small).reshape(len(pictures), -1).astype(np.float32)
    rows -= rows.mean(1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
