"""Pictures that tests train on, and programs run as a person would run them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = ROOT / "weights" / "faces-64"
TINY = ["--resolution", "16", "--widths", "16", "8", "--latent_dim", "8", "--train_batch_size", "4",
        "--report_to", "none"]


def picture(number: int, width: int = 20, height: int = 20) -> np.ndarray:
    """An RGB picture `(height, width, 3)` uint8 unlike any other: a smooth blob of its own colour and place."""
    random = np.random.RandomState(number)
    y, x = np.mgrid[0:height, 0:width]
    centre, colour = random.rand(2) * (height, width), random.randint(60, 255, 3)
    blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 40)
    return (blob[..., None] * colour + random.randint(0, 20, 3)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """A folder of 40 training and 6 test pictures, PNG."""
    folder = tmp_path_factory.mktemp("pictures")
    for part, numbers in (("train", range(40)), ("test", range(40, 46))):
        (folder / part).mkdir()
        for number in numbers:
            Image.fromarray(picture(number)).save(folder / part / f"{number:03d}.png")
    return folder


@pytest.fixture
def run(tmp_path_factory):
    """Run a program of this project: `run("train_accelerate.py", "--output_dir", …)` → CompletedProcess."""
    store = tmp_path_factory.mktemp("store")

    def run_program(*arguments, launcher=(sys.executable,), **environment) -> subprocess.CompletedProcess:
        words = [*launcher, *map(str, arguments)]
        if "train_accelerate.py" in words or any(word.endswith("hooked_training.py") for word in words):
            words += ["--store_dir", str(store)]
        return subprocess.run(words, cwd=ROOT, env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **environment},
                              capture_output=True, text=True, timeout=300)

    return run_program
