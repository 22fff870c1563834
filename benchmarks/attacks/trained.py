"""A tiny training run, for attacks: pictures of 16 px, networks of a few thousand parameters, on the CPU."""

import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import train_accelerate
from gan.train.generator import checkpoint
from gan.train.generator.announce import rehearse
from gan.train.generator.loop import Run
from gan.train.generator.start import start

STEPS = 12
TINY = "--resolution 16 --widths 16 8 --latent_dim 8 --train_batch_size 4 --report_to none --mixed_precision no"
LENGTH = f"--max_train_steps {STEPS} --checkpointing_steps 3 --logging_steps 2 --sample_sheets 4"


def draw_pictures(folder: Path, count: int = 40) -> Path:
    """A folder of pictures `(20, 20, 3)`, a blob of colour each; six of them are held out."""
    random = np.random.RandomState(0)
    y, x = np.mgrid[:20, :20]
    for number in range(count):
        part = folder / ("test" if number < 6 else "train")
        part.mkdir(parents=True, exist_ok=True)
        centre, colour = random.rand(2) * 20, random.randint(60, 255, 3)
        blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 40)[..., None] * colour
        Image.fromarray(blob.astype(np.uint8)).save(part / f"{number:03d}.png")
    return folder


def words(folder: Path, *more) -> list[str]:
    """The command line of a run in `folder/out` on the pictures in `folder/pictures`."""
    places = ["--train_data_dir", folder / "pictures", "--output_dir", folder / "out", "--store_dir", folder / "store"]
    return [*map(str, places), *TINY.split(), *LENGTH.split(), *map(str, more)]


def train(command: list[str]) -> None:
    """`python train_accelerate.py …` in this process.

    Raises:
        SystemExit: the run failed.
    """
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}
    sys.argv = ["train_accelerate.py", *command]
    train_accelerate.main()


def make(folder: Path) -> None:
    """A run in a folder of its own, with its pictures, which has taken half of its steps."""
    draw_pictures(folder / "pictures")
    train(words(folder, "--max_train_steps", STEPS // 2))


def newest(folder: Path) -> Path:
    """The last checkpoint of a run."""
    return checkpoint.found(folder / "out" / "checkpoints")[-1]


def resume(folder: Path) -> None:
    """Go on from the last checkpoint, take some steps and save.

    Raises:
        UserError: it is refused.
    """
    path = newest(folder)
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}
    run = Run(train_accelerate.parse(words(folder, "--resume_from_checkpoint", path)))
    start(run)
    rehearse(run)
    run._save()
