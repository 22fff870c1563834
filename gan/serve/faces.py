"""FaceModel: everything that the page can do, without a page."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path

import numpy as np

from gan import UserError, hub
from gan.cards import facts
from gan.model import additions, directions, latents, weights
from gan.model.directions import Directions
from gan.model.folded import folded
from gan.model.look import AS_TRAINED, Look
from gan.model.point import Point
from gan.serve import files
from gan.serve.network import Network

KEPT_PIXELS = 2**23  # of faces in memory, 24 MB, and as many as files


class FaceModel:
    """The generator of a weights folder, ready to use: `FaceModel("weights/faces-64").faces([0, 7, 1003])`.

    Raises:
        UserError: a file of the folder is missing, damaged or malformed; with one sentence.
    """

    def __init__(self, folder: Path | str, name: str = ""):
        loaded = weights.load_generator(folder)
        self.folder = loaded.folder
        self.name = name or name_of(self.folder)
        self._network = Network(folded(loaded.generator))
        self.config, self.id = loaded.config, loaded.generator_id
        self.facts = facts.of_generator(self.config, self.id, self.name)  # a malformed config is refused here
        self.resolution, self.latent_dim = loaded.settings.resolution, loaded.settings.latent_dim
        self.directions = additions.load_directions(self.folder, self.latent_dim)  # those in use first
        self.seed_index = additions.load_seed_index(self.folder)  # None: it has none
        # what is shown again is neither made nor compressed again
        self.most_kept = max(64, KEPT_PIXELS // self.resolution**2)
        self._kept: OrderedDict[tuple[Point, Look], Future] = OrderedDict()
        self._lock = threading.Lock()
        self._png = lru_cache(self.most_kept)(self._encoded)
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
        points, keys = list(points), [(point, look) for point in points]
        with self._lock:
            new = [key for key in dict.fromkeys(keys) if key not in self._kept]
            self._kept.update(zip(new, self._asked([point for point, _ in new], look)))
            faces = [self._kept[key] for key in keys]
            for key in keys:
                self._kept.move_to_end(key)
            while len(self._kept) > max(self.most_kept, len(keys)):
                self._kept.popitem(last=False)
        try:
            made = np.stack([face.result() for face in faces])
        except BaseException:
            with self._lock:  # the next visitor tries again
                for key in keys:
                    self._kept.pop(key, None)
            raise
        made.setflags(write=False)
        return made

    def pngs(self, points: Sequence[Point], look: Look = AS_TRAINED) -> list[bytes]:
        """Faces of the given points as PNG files with their `files.origin`, in their order.

        Args:
            look: what is done to all of them alike, as `fitting` returns it.
        """
        if points:
            self.faces(points, look)  # together
        return [self._png(point, look) for point in points]

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
        return np.stack([face.result() for face in self._drawn(vectors, look)])

    def _drawn(self, vectors: np.ndarray, look: Look) -> list[Future]:
        """Futures of the faces of latents, as a look says; attributes that these weights cannot move are left out."""
        return self._network.ask(*self._moved(vectors, look))

    def _moved(self, vectors: np.ndarray, look: Look) -> tuple[np.ndarray, Look]:
        look, along = directions.fitting(look, self.directions)
        return (along.moved(vectors, look) if along else vectors), look

    def _asked(self, points: list[Point], look: Look) -> list[Future]:
        return self._drawn(latents.from_points(points, self.latent_dim), look) if points else []

    def _encoded(self, point: Point, look: Look) -> bytes:
        return files.face_file(self.faces([point], look)[0], point, look, self.id, self.resolution)

    def _animate(
        self, points: tuple[Point, ...], look: Look, frames: int, loop: bool, extension: str = "webp"
    ) -> bytes:
        """A morph as a file in one of the formats `files.MORPHS`."""
        return files.animation(self.morph(points, look, frames, loop), loop, extension)

    def made(self, points, look: Look = AS_TRAINED) -> np.ndarray:
        """As `faces`, in this thread, and nothing is kept in memory."""
        return self._network.make(*self._moved(latents.from_points(points, self.latent_dim), look))


def name_of(folder: Path) -> str:
    """What people call the weights in a folder: every run of the trainer calls the folder itself "weights"."""
    return folder.resolve().parent.name if folder.name == "weights" else folder.name
