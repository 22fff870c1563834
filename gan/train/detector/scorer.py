"""A detector's logits of pictures: unchanged, degraded, or as faces in photos."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tqdm import tqdm, trange

from gan.model import detector, face_finder, images
from gan.train.detector.degrade import degraded, in_a_photo

DEGRADED = 0.75  # share of pictures that are degraded
_TOGETHER = 64  # pictures judged in one batch


@dataclass(frozen=True)
class Scorer:
    """Pictures → logits, above 0 for generated."""

    network: detector.Detector
    resolution: int

    def __call__(
        self, pictures: list[Image.Image], change: Callable[[Image.Image], Image.Image] = lambda picture: picture
    ) -> np.ndarray:
        """The logits `(N,)` of whole pictures, each after a change."""
        logits = np.empty(len(pictures))
        for start in trange(0, len(pictures), _TOGETHER, desc="Measuring", unit="batch", leave=False):
            part = slice(start, start + _TOGETHER)
            crops = [images.training_crop(change(picture), self.resolution) for picture in pictures[part]]
            logits[part] = detector.evidence(self.network, np.stack(crops)).sum((1, 2))
        return logits

    def by_face(self, pictures: list[Image.Image]) -> np.ndarray:
        """The logits `(N,)` of the largest face in each picture, as the page judges it; NaN where it judges none."""
        logits = np.full(len(pictures), np.nan)
        for place, picture in enumerate(tqdm(pictures, "Measuring", unit="photo", leave=False)):
            faces = face_finder.find(picture)
            if faces and faces[0].side >= face_finder.FEWEST_PIXELS:
                looks = face_finder.looks(picture, face_finder.framed(faces[0], picture), self.resolution)
                logits[place] = detector.evidence(self.network, looks).mean(0).sum()
        return logits

    def three_ways(self, pictures: list[Image.Image], seed: int) -> list[np.ndarray]:
        """Logits of the pictures unchanged, with random degradations, and as faces in photos (NaN: none found)."""
        return [self(pictures), self(with_degradations(pictures, seed)), self.by_face(in_photos(pictures, seed))]


def with_degradations(pictures: list[Image.Image], seed: int) -> list[Image.Image]:
    """Three quarters of the pictures with random degradations; in training there are more."""
    own = np.random.default_rng(seed).spawn(len(pictures))
    return [
        Image.fromarray(degraded(np.asarray(picture), picture.width, DEGRADED, random))
        for picture, random in zip(pictures, own)
    ]


def in_photos(pictures: list[Image.Image], seed: int) -> list[Image.Image]:
    """Each picture at a random place in a larger JPEG, see `degrade.in_a_photo`."""
    own = np.random.default_rng(seed).spawn(len(pictures))
    return [in_a_photo(picture, random) for picture, random in zip(pictures, own)]
