"""FaceModel: everything that the page can do, without a page."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from gan import UserError, hub
from gan.cards import facts
from gan.model import additions, directions, latents, sampling, weights
from gan.model.directions import Directions
from gan.model.look import AS_TRAINED, Look
from gan.model.point import Point
from gan.serve import files


class FaceModel:
    """The generator of a weights folder, ready to use: `FaceModel("weights/faces-64").faces([0, 7, 1003])`.

    Raises:
        UserError: a file of the folder is missing, damaged or malformed; with one sentence.
    """

    def __init__(self, folder: Path | str, name: str = ""):
        loaded = weights.load_generator(folder)
        self.folder = loaded.folder
        # for people; every run of the trainer calls the folder itself "weights"
        self.name = name or (self.folder.resolve().parent.name if self.folder.name == "weights" else self.folder.name)
        self.generator = loaded.generator
        self.config, self.id = loaded.config, loaded.generator_id
        self.facts = facts.of_generator(self.config, self.id, self.name)  # a malformed config is refused here
        self.resolution, self.latent_dim = loaded.settings.resolution, loaded.settings.latent_dim
        self.directions = additions.load_directions(self.folder, self.latent_dim)  # those in use first
        self.seed_index = additions.load_seed_index(self.folder)  # None: it has none
        # popular views are made once: the cache holds at most 50 MB of galleries of 64 faces, at any size of the faces
        self._remembered = lru_cache(maxsize=max(1, 2**18 // self.resolution**2))(self.made)
        self.animation = lru_cache(maxsize=32)(self._animate)

    @classmethod
    def from_pretrained(cls, name: str | Path, revision: str | None = None) -> "FaceModel":
        """The weights in a folder, or those of a model repo on the Hub (`user/name`, at a branch, tag or commit).

        Raises:
            UserError: they are not there, cannot be fetched, or are damaged or malformed; with one sentence.
        """
        if Path(name).is_dir():
            return cls(name)
        folder = hub.pull(str(name), revision)
        try:
            return cls(folder, str(name))
        except UserError as error:  # visitors read it: it names the repo, not the path on this server
            raise UserError(str(error).replace(str(folder), str(name))) from error

    def faces(self, points, look: Look = AS_TRAINED) -> np.ndarray:
        """Faces of the given points: `(N, S, S, 3)` uint8, read-only, in their order.

        Args:
            points: see `gan.model.point`, at least one.
            look: what is done to all of them alike.
        """
        return self._remembered(tuple(points), look)

    def along(self, look: Look = AS_TRAINED) -> Directions:
        """The directions that a look names, or else the newest; without id and attributes where there are none."""
        return directions.named(look, self.directions) or Directions("", {})

    def fitting(self, look: Look) -> Look:
        """A look as these weights can show it, with the directions that it moves along."""
        return directions.fitting(look, self.directions)[0]

    def cannot(self, look: Look) -> str:
        """What of a look these weights cannot show, in one sentence; "" where they can show all of it."""
        fitting = self.fitting(look)
        lost = [name for name in look.moved if name not in fitting.moved]
        if lost:
            return f"These weights cannot change {' and '.join(', '.join(lost).rsplit(', ', 1))}."
        if look.directions != fitting.directions and look.directions:
            return f"These weights do not have the directions {look.directions}."
        return ""

    def morph(self, points, look: Look = AS_TRAINED, frames: int = 16, loop: bool = True) -> np.ndarray:
        """An animation from face to face: `(F, S, S, 3)` uint8.

        Each leg starts exactly at the face of its point and takes `frames` steps to the next along the sphere. With
        `loop` the last leg leads back to the first face (F = frames * N); without, the last frame is the last face (F
        = frames * (N - 1) + 1).
        """
        corners = latents.from_points(points, self.latent_dim)
        ends = np.roll(corners, -1, axis=0)
        legs = [
            np.stack([latents.slerp(start, end, frame / frames) for frame in range(frames)])
            for start, end in zip(corners, ends)
        ]
        vectors = np.concatenate(legs if loop else [*legs[:-1], corners[-1:]])
        return self._drawn(vectors, look)

    def _drawn(self, vectors: np.ndarray, look: Look) -> np.ndarray:
        """Faces of latents, as a look says; attributes that these weights cannot move are left out."""
        look, along = directions.fitting(look, self.directions)
        return sampling.from_latents(self.generator, along.moved(vectors, look) if along else vectors, look)

    def _animate(
        self, points: tuple[Point, ...], look: Look, frames: int, loop: bool, extension: str = "webp"
    ) -> bytes:
        """A morph as a file in one of the formats `files.MORPHS`."""
        return files.animation(self.morph(points, look, frames, loop), loop, extension)

    def made(self, points, look: Look = AS_TRAINED) -> np.ndarray:
        """As `faces`, and nothing is kept in memory."""
        made = self._drawn(latents.from_points(points, self.latent_dim), look)
        made.setflags(write=False)  # shared between visitors
        return made
