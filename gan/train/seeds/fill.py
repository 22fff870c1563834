"""The index of a generator's seeds, made in pieces: a kill loses a minute."""

import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from gan.model import latents, sampling, seed_index
from gan.model.networks import Generator
from gan.model.seed_index import NUMBERS, Descriptor

_PIECE = 2_000  # faces, after which what was made is written


def unfinished(folder: Path, generator_id: str, descriptor_id: str) -> Path:
    """Where the rows that were made so far are, in the generator's folder; hidden, so that it is not pushed."""
    return folder / f".seeds-{generator_id}-{descriptor_id}.unfinished"


def said_of(unfinished: Path) -> Path:
    """Where it is kept how the descriptor of an unfinished index was learned, JSON."""
    return unfinished.with_suffix(".json")


def fill(path: Path, generator: Generator, descriptor: Descriptor, seeds: int) -> np.ndarray:
    """The descriptions of the faces of seeds 0 to `seeds` - 1: `(seeds, NUMBERS)` int8. What `path` holds of them is
    not made again, and what is made is added to it.

    Raises:
        OSError: the file cannot be written.
    """
    with open(path, "ab") as file:
        there = min(file.tell() // NUMBERS, seeds)
        os.truncate(path, there * NUMBERS)  # a kill may have cut a row
        with tqdm(total=seeds, initial=there, desc="Seeds", unit="seed") as progress:
            for start in range(there, seeds, _PIECE):
                points = range(start, min(start + _PIECE, seeds))
                faces = faces_of(generator, points)
                rows = seed_index.rounded(seed_index.described(descriptor, faces, descriptor.generated))
                file.write(rows.tobytes())
                file.flush()
                progress.update(len(points))
    return np.fromfile(path, np.int8).reshape(-1, NUMBERS)


def faces_of(generator: Generator, seeds: range) -> np.ndarray:
    """Faces as they are described: `(N, 64, 64, 3)` uint8."""
    made = sampling.from_latents(generator, latents.from_seeds(seeds, generator.project.in_features))
    return seed_index.sized(made)
