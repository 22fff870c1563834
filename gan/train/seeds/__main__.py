"""Index the seeds of generators: `python -m gan.train.seeds --weights WEIGHTS … --train_data_dir DIR …`."""

import json
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import tyro

from gan import UserError, expand_home, show_anything
from gan.cards import generator as generator_card
from gan.model import additions, local_paths, seed_index, weights
from gan.model.config import load_config
from gan.model.seed_index import Descriptor
from gan.model.weights import Weights
from gan.train import machine
from gan.train.pictures import labelled
from gan.train.seeds import fill
from gan.train.seeds.training import raw_mean, train

_LOOKED_AT = 4_000  # faces of each generator that the descriptor learns from, and whose mean is that of generated faces


@dataclass(frozen=True, kw_only=True)
class SeedSettings:
    """Index the seeds of generators, so that the page finds those whose faces look like a photo.

    A network learns to describe faces, from photographs and their labels; then it describes the face of each seed.
    The same command goes on where it was stopped. Examples:

        python -m gan.train.seeds --weights weights/faces-64 weights/faces-128 --train_data_dir utkface celeba
        python -m gan.train.seeds --weights runs/faces/weights --init_from weights/faces-128
    """

    # weights folders of generators; each gets descriptor.safetensors and seeds.safetensors
    weights: tuple[Path, ...]
    # folders of parquet files with pictures and labels, that is columns of numbers and of yes and no
    train_data_dir: tuple[Path, ...] = ()
    # weights folder whose descriptor is used as it is, instead of learning one
    init_from: Path | None = None
    # what is seen of each picture: its face, framed as the page frames faces, or the square in its middle
    crop: Literal["face", "middle"] = "face"
    # how many seeds of each generator are indexed, from 0 on
    seeds: int = 250_000
    # length of the descriptor's training, in steps
    max_train_steps: int = 1_500
    # photographs per step
    train_batch_size: int = 64
    # learning rate at the start; it falls to nothing on half a cosine
    learning_rate: float = 1e-3
    # seed of everything random
    seed: int = 0


def main(settings: SeedSettings) -> None:
    start = time.monotonic()
    torch.manual_seed(settings.seed)
    machine.keep_memory()
    # before minutes of work: is everything there, and can it be written?
    if bool(settings.train_data_dir) == bool(settings.init_from):
        raise UserError("Name either --train_data_dir, to learn a descriptor, or --init_from, to use one.")
    if not 1 <= settings.seeds <= additions.MOST_SEEDS:
        raise UserError(f"--seeds {settings.seeds}: must be from 1 to {additions.MOST_SEEDS}.")
    generators = [weights.load_generator(folder) for folder in settings.weights]
    for loaded in generators:
        machine.require_writable(loaded.folder)
    training = {
        "command": "python -m gan.train.seeds " + shlex.join(sys.argv[1:]),
        "hardware": machine.hardware(torch.device("cpu")),
    }
    begun = [path for path in map(_unfinished, generators) if path]
    if begun:
        print("Going on with an unfinished index.", flush=True)
        said = json.loads(fill.said_of(begun[0]).read_text(encoding="utf-8"))
    else:
        said = _give_descriptor(settings, generators)
    training |= said
    for loaded in generators:
        descriptor, descriptor_id = additions.load_descriptor(loaded.folder)
        path = fill.unfinished(loaded.folder, loaded.generator_id, descriptor_id)
        print(f"Describing the faces of {settings.seeds:,} seeds of {loaded.folder}.", flush=True)
        rows = fill.fill(path, loaded.generator, descriptor, settings.seeds)
        minutes = round((time.monotonic() - start) / 60, 1)
        report = {"seeds": len(rows), "training": {**training, "minutes": minutes}}
        additions.save_seed_index(loaded.folder, rows, local_paths.remove_from(report))
        path.unlink()
        fill.said_of(path).unlink(missing_ok=True)
        generator_card.save(loaded.folder, load_config(loaded.folder), loaded.generator_id)


def _unfinished(loaded: Weights) -> Path | None:
    """The index of this generator that was begun with the descriptor in its folder."""
    if not (loaded.folder / additions.DESCRIPTOR).exists():
        return None
    _, descriptor_id = additions.load_descriptor(loaded.folder)
    path = fill.unfinished(loaded.folder, loaded.generator_id, descriptor_id)
    return path if path.exists() else None


def _give_descriptor(settings: SeedSettings, generators: list[Weights]) -> dict:
    """Put a descriptor into each folder, and begin its index. Returns what is said of the descriptor's training."""
    # before the minute that the faces take: is there what it needs?
    if settings.init_from:
        descriptor, _ = additions.load_descriptor(weights.load_generator(settings.init_from).folder)
        said = {"init_from": local_paths.name(settings.init_from)}
    else:
        labels = labelled.every(settings.train_data_dir)
    # seeds that no index holds
    beyond = range(2**32 - _LOOKED_AT, 2**32)
    faces = [fill.faces_of(loaded.generator, beyond) for loaded in generators]
    if not settings.init_from:
        descriptor, said = _learn(settings, labels, np.concatenate(faces))
    for loaded, seen in zip(generators, faces):
        descriptor.generated = raw_mean(descriptor, seen)
        descriptor_id = additions.save_descriptor(loaded.folder, descriptor)
        path = fill.unfinished(loaded.folder, loaded.generator_id, descriptor_id)
        fill.said_of(path).write_text(json.dumps(said), encoding="utf-8")
        path.touch()
    return said


def _learn(settings: SeedSettings, labels: dict, generated: np.ndarray) -> tuple[Descriptor, dict]:
    folders = settings.train_data_dir
    photographs, _ = labelled.read(folders, labels, seed_index.SIZE, settings.crop)
    print(
        f"Learning who looks like whom from {len(photographs.pictures):,} photographs and {len(generated):,} generated "
        f"faces; {photographs.without_face:,} pictures were left out, since no face was found in them.",
        flush=True,
    )
    values = labelled.standardised(photographs.values, photographs.values)
    descriptor = train(
        photographs.pictures,
        values,
        generated,
        settings.max_train_steps,
        settings.train_batch_size,
        settings.learning_rate,
        settings.seed,
    )
    return descriptor, {
        "data": [local_paths.name(folder) for folder in folders],
        "photographs": len(photographs.pictures),
        "labels": len(photographs.names),
        "max_train_steps": settings.max_train_steps,
    }


if __name__ == "__main__":
    show_anything()
    try:
        words = expand_home(sys.argv[1:])
        main(tyro.cli(SeedSettings, prog="python -m gan.train.seeds", args=words, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")
