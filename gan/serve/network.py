"""A generator that is asked by many at once: faces that wait go through it together, whoever asked for them."""

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

import numpy as np
import torch

from gan.model import sampling
from gan.model.look import Look
from gan.model.networks import Generator

BATCH = 4  # faces at a time: a single one costs little, and sixteen cost little more than at once


@cache
def _workers() -> ThreadPoolExecutor:
    """Threads that run networks; what a network computes with several threads of its own counts as several."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ThreadPoolExecutor(max(1, cores // torch.get_num_threads()), thread_name_prefix="network")


class Network:
    """Faces of a generator, in batches of `BATCH` that are filled with what waits."""

    def __init__(self, generator: Generator):
        self.generator = generator
        self._waiting: deque[tuple[np.ndarray, Look, Future]] = deque()  # appended and taken in one step each

    def ask(self, vectors: np.ndarray, look: Look) -> list[Future]:
        """Latents `(N, latent_dim)` float32 → for each a future of its face, `(S, S, 3)` uint8."""
        faces = [Future() for _ in vectors]
        self._waiting.extend((vector, look, face) for vector, face in zip(vectors, faces))
        for _ in range(-(-len(faces) // BATCH)):
            _workers().submit(self._run_batch)
        return faces

    def make(self, vectors: np.ndarray, look: Look) -> np.ndarray:
        """The same faces, `(N, S, S, 3)` uint8, in this thread and shared with nobody."""
        return sampling.from_latents(self.generator, vectors, [look] * len(vectors), BATCH)

    def _run_batch(self) -> None:
        """The faces that have waited longest; those of the last batches may have been made already."""
        batch: list[tuple[np.ndarray, Look, Future]] = []
        while len(batch) < BATCH and self._waiting:
            try:
                batch.append(self._waiting.popleft())
            except IndexError:  # another thread was faster
                break
        if not batch:
            return
        vectors, looks, faces = zip(*batch)
        try:
            made = sampling.from_latents(self.generator, np.stack(vectors), looks, BATCH)
        except BaseException as error:  # whoever waits has to hear of it
            for face in faces:
                face.set_exception(error)
        else:
            for face, pixels in zip(faces, made):
                face.set_result(pixels.copy())  # a part would keep all of them in memory
