"""Learn what a look's sliders move: `python -m gan.train.attributes --train_data_dir DIR … --weights WEIGHTS …`."""

import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import tyro

from gan import UserError, expand_home, show_anything
from gan.cards import generator as generator_card
from gan.model import additions, local_paths, weights
from gan.model.config import load_config
from gan.train import machine
from gan.train.attributes.fit import fit
from gan.train.attributes.labels import parse
from gan.train.attributes.network import AttributeNetwork, explained, train
from gan.train.attributes.scores import Scores
from gan.train.pictures import labelled

# columns of UTKFace and of CelebA
LABELS = (
    "age=age",
    "masculine=Male",
    "masculine=-gender",  # 0 is male
    "smile=Smiling",
    "glasses=Eyeglasses",
    "beard=-No_Beard",
    "hair=Black_Hair",
    "hair=-Blond_Hair",
    "bangs=Bangs",
)


@dataclass(frozen=True, kw_only=True)
class AttributeSettings:
    """Learn directions of a generator's latents that change one attribute of its faces: age, smile, glasses and others.

    A network learns the labels of real faces and guesses those of the generator's. Example:

        python -m gan.train.attributes --train_data_dir utkface celeba --weights weights/faces-64 weights/faces-128
    """

    # folders of parquet files with pictures and labels; their test or validation splits are held out
    train_data_dir: tuple[Path, ...]
    # weights folders of generators; each gets its directions.safetensors, and its card says how well they do
    weights: tuple[Path, ...]
    # ATTRIBUTE=COLUMN for each column of numbers or of yes and no; =-COLUMN where no is more of it
    labels: tuple[str, ...] = LABELS
    # what is seen of each labelled picture: its face, framed as the page frames faces, or the square in its middle
    crop: Literal["face", "middle"] = "face"
    # weights folder whose discriminator the network starts from
    init_from: Path = Path("weights/faces-64")
    # faces of each generator that are looked at
    samples: int = 50_000
    # length of the network's training, in steps
    max_train_steps: int = 1_800
    # faces per step
    train_batch_size: int = 64
    # learning rate at the start; it falls to nothing on half a cosine
    learning_rate: float = 4e-4
    # seed of everything random
    seed: int = 0


def main(settings: AttributeSettings) -> None:
    start = time.monotonic()
    columns = parse(settings.labels)
    torch.manual_seed(settings.seed)
    machine.keep_memory()
    # before minutes of work: is everything there, and can it be written?
    generators = [weights.load_generator(folder) for folder in settings.weights]
    begun = weights.load(settings.init_from)
    for loaded in generators:
        machine.require_writable(loaded.folder)
    size = begun.settings.resolution
    faces, held_out = labelled.read(settings.train_data_dir, columns, size, settings.crop)
    print(
        f"Learning {', '.join(faces.names)} from {len(faces.pictures):,} faces; {faces.without_face:,} pictures were "
        "left out, since no face was found in them.",
        flush=True,
    )
    network = AttributeNetwork(begun.discriminator, len(faces.names))
    train(network, faces, settings.max_train_steps, settings.train_batch_size, settings.learning_rate, settings.seed)
    labels = explained(network, held_out, faces.values)
    for name, share in labels.items():
        print(f"{name}: {share:.2f} of the variance of {len(held_out.pictures):,} held-out faces' labels is explained")
    for loaded in generators:
        print(f"Looking at {settings.samples:,} faces of {loaded.folder}; this takes minutes.", flush=True)
        found, told = fit(Scores(network, faces.names, loaded.generator, size), settings.samples, settings.seed)
        training = {
            "command": "python -m gan.train.attributes " + shlex.join(sys.argv[1:]),
            "minutes": round((time.monotonic() - start) / 60, 1),
            "hardware": machine.hardware(torch.device("cpu")),
            "data": [local_paths.name(folder) for folder in settings.train_data_dir],
            "faces": len(faces.pictures),
            "held_out": len(held_out.pictures),
            "without_face": faces.without_face,
        }
        rounded = [{name: round(share, 3) for name, share in shares.items()} for shares in (labels, told)]
        report = {
            "generator": loaded.generator_id,
            "training": training,
            "labels": rounded[0],
            "samples": settings.samples,
            "told": rounded[1],
        }
        additions.save_directions(loaded.folder, found, local_paths.remove_from(report))
        config = load_config(loaded.folder)
        generator_card.save(loaded.folder, config, loaded.generator_id)
        for name, share in told.items():
            print(f"{name}: the latent tells {share:.2f} of its variance")


if __name__ == "__main__":
    show_anything()
    try:
        words = expand_home(sys.argv[1:])
        main(tyro.cli(AttributeSettings, prog="python -m gan.train.attributes", args=words, use_underscores=True))
    except UserError as error:
        sys.exit(f"Error: {error}")
