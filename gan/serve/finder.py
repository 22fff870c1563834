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
# a seed is named if its face is this much alike in its details, and looked for if its description is; see docs/find.md
SAME_FROM, _LIKELY_FROM = 0.95, 0.88
_CANDIDATES = 16  # seeds whose faces are compared, one batch


@dataclass(frozen=True)
class Found:
    """What was found for a face."""

    square: Square  # around the face
    description: np.ndarray  # (seed_index.NUMBERS,) float32 of length 1
    points: tuple[Point, ...]  # whose faces are most alike, most alike first
    alike: tuple[float, ...]  # how much, -1 to 1
    made_by: int | None  # the seed that made this very picture


class Finder:
    """The seed index of a generator, ready to use. The model must have one."""

    def __init__(self, model: FaceModel):
        self.model, self.index = model, model.seed_index

    @classmethod
    def of(cls, models: Models) -> "list[Finder]":
        """Those of the weights that are shown first and of the embedded ones, as far as they have an index."""
        different = {model.id: model for model in (models.current, *models.embedded) if model.seed_index}
        return [cls(model) for model in different.values()]

    def find(self, picture: Image.Image) -> list[Found]:
        """A PIL RGB picture → what was found for each of its faces, largest first; none where there is no face."""
        return [self.find_face(picture, face) for face in face_finder.find(picture)[:MOST_FACES]]

    def find_face(self, picture: Image.Image, face: Square) -> Found:
        """A face that was found in a PIL RGB picture → the seeds whose faces are most like it."""
        square = face_finder.moved_into(picture, face)
        seen = face_finder.cut(picture, square, seed_index.SIZE)
        descriptor = self.index.descriptor
        (description,) = seed_index.described(descriptor, seen[None], descriptor.photographs)
        found = self.index.nearest(description, SHOWN)
        alike = {int(seed): float(value) for seed, value in zip(*found)}
        made_by = self._named(seen)
        if made_by is not None:
            alike = dict(list({made_by: 1.0, **alike}.items())[:SHOWN])
        return Found(square, description, tuple(alike), tuple(alike.values()), made_by)

    def made_by(self, picture: Image.Image, faces: Sequence[Square]) -> int | None:
        """The seed whose face a PIL RGB picture shows, as it was made or saved again; None where neither its largest
        face nor its middle, where a generator's own pictures have it, is one.

        Args:
            faces: those in it, largest first.
        """
        squares = [face_finder.moved_into(picture, face) for face in faces[:1]] + [face_finder.middle(picture)]
        seen = (face_finder.cut(picture, square, seed_index.SIZE) for square in squares)
        return next((seed for each in seen if (seed := self._named(each)) is not None), None)

    def _named(self, seen: np.ndarray) -> int | None:
        seed, likeness = self.same(seen) or (None, 0.0)
        return seed if likeness >= SAME_FROM else None

    def same(self, seen: np.ndarray) -> tuple[int, float] | None:
        """A square `(64, 64, 3)` uint8 of a picture → the seed whose face is most like it in its details, and how much,
        -1 to 1; None where no seed's description is like it.

        Its description names candidates; their faces are made and compared pixel by pixel.
        """
        descriptor = self.index.descriptor
        (description,) = seed_index.described(descriptor, seen[None], descriptor.generated)
        seeds, alike = self.index.nearest(description, _CANDIDATES)
        if alike[0] < _LIKELY_FROM:
            return None
        faces = seed_index.sized(self.model.made([int(seed) for seed in seeds]))
        same = [same_face.likeness(seen, face) for face in faces]
        best = int(np.argmax(same))
        return int(seeds[best]), same[best]

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
