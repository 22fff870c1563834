"""Find: which seeds' faces look like a photo, what between them looks even more like it, and which seed made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from PIL import Image

from gan.model import face_finder, same_face, seed_index
from gan.model.face_finder import Square
from gan.model.point import Point, between, seeds_of
from gan.serve.faces import FaceModel
from gan.serve.models import Models

SHOWN = 12  # seeds
MOST_FACES = 12  # of a photo that are looked for, the largest
_WAYS = (0.3, 0.5, 0.7)  # of the way between two seeds, where something nearer is looked for
_BETWEEN = 8  # seeds whose pairs are looked at, the nearest: 84 faces
SAME_FROM = 0.975  # likeness from which a picture is called that of a seed; see docs/find.md
_POSSIBLE, _LIKELY = 0.82, 0.9  # similarity of descriptions from which the best seeds, and others, are compared
_CANDIDATES = 4  # seeds of each generator whose faces are compared


@dataclass(frozen=True)
class Found:
    """What was found for a face."""

    square: Square  # around the face
    description: np.ndarray  # (seed_index.NUMBERS,) float32 of length 1
    points: tuple[Point, ...]  # whose faces are most alike, most alike first
    alike: tuple[float, ...]  # how much, -1 to 1


@dataclass(frozen=True)
class Named:
    """The seed whose face is most like a picture in its details."""

    likeness: float  # -1 to 1
    seed: int
    weights: str  # the generator's id


class Finder:
    """The seed index of a generator, ready to use. The model must have one."""

    def __init__(self, model: FaceModel):
        self.model, self.index = model, model.seed_index

    @classmethod
    def of(cls, models: Models) -> "list[Finder]":
        """Those of the weights that are shown first and of the embedded ones, as far as they have an index."""
        different = {model.id: model for model in (models.current, *models.embedded) if model.seed_index}
        return [cls(model) for model in different.values()]

    def find(self, picture: Image.Image, faces: Sequence[Square]) -> list[Found]:
        """What was found for each of the faces in a PIL RGB picture."""
        squares = [face_finder.moved_into(picture, face) for face in faces[:MOST_FACES]]
        descriptor, found = self.index.descriptor, []
        for square in squares:
            seen = face_finder.cut(picture, square, seed_index.SIZE)
            (description,) = seed_index.described(descriptor, seen[None], descriptor.photographs)
            seeds, alike = self.index.nearest(description, SHOWN)
            found.append(Found(square, description, tuple(map(int, seeds)), tuple(map(float, alike))))
        return found

    def candidates(self, seen: np.ndarray) -> tuple[float, list[int]]:
        """A square `(64, 64, 3)` uint8 of a picture that a generator may have made → the seeds whose descriptions are
        most like its own, and how much the first is, -1 to 1."""
        descriptor = self.index.descriptor
        (description,) = seed_index.described(descriptor, seen[None], descriptor.generated)
        seeds, alike = self.index.nearest(description, _CANDIDATES)
        return float(alike[0]), [int(seed) for seed in seeds]

    def compared(self, seen: np.ndarray, seeds: list[int]) -> Named:
        """The seed whose face is most like a square `(64, 64, 3)` uint8 of a picture, pixel by pixel."""
        faces = seed_index.sized(self.model.made(seeds))
        same = [same_face.likeness(seen, face) for face in faces]
        best = int(np.argmax(same))
        return Named(same[best], seeds[best], self.model.id)

    def nearer(self, description: np.ndarray, points: Sequence[Point]) -> tuple[tuple[Point, ...], tuple[float, ...]]:
        """The most alike of some points and of places between them, as many as there were points, most alike first.

        Args:
            description: of the face that is looked for, as `Found` has it.
        """
        tried = [
            between(left, right, t)
            for left, right in combinations(points[:_BETWEEN], 2)
            for t in _WAYS
            if len(seeds_of(left) + seeds_of(right)) <= 8
        ]
        known = list(points) + tried
        faces = seed_index.sized(self.model.made(known))
        alike = seed_index.described(self.index.descriptor, faces, self.index.descriptor.generated) @ description
        best = np.argsort(-alike, kind="stable")[: len(points)]
        return tuple(known[place] for place in best), tuple(float(alike[place]) for place in best)


def named(finders: Sequence[Finder], picture: Image.Image, faces: Sequence[Square]) -> Named | None:
    """The seed whose face a PIL RGB picture shows, as it was made or saved again, in its largest face or in its middle,
    where a generator's own pictures have it; None where there is none."""
    best = closest(finders, picture, faces)
    return best if best and best.likeness >= SAME_FROM else None


def closest(finders: Sequence[Finder], picture: Image.Image, faces: Sequence[Square]) -> Named | None:
    """The seed whose face is most like the largest face or the middle of a PIL RGB picture in its details; None where
    no seed's description is like it.

    Generators that grew from one another make similar faces of a seed, so that those of all of them are compared.
    """
    # surroundings that a generator did not make would mislead the descriptor
    squares = [face_finder.inner(face, picture) for face in faces[:1]] + [face_finder.middle(picture)]
    seen = [face_finder.cut(picture, square, seed_index.SIZE) for square in squares]
    # of each generator the square that is more like one of its seeds
    tried = [max(((*finder.candidates(each), finder, each) for each in seen), key=_similarity) for finder in finders]
    tried.sort(key=_similarity, reverse=True)
    worth = [each for place, each in enumerate(tried) if each[0] >= (_LIKELY if place else _POSSIBLE)]
    compared = [finder.compared(each, seeds) for _, seeds, finder, each in worth]
    return max(compared, key=lambda named: named.likeness, default=None)


def _similarity(candidates: tuple) -> float:
    return candidates[0]
