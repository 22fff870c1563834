"""Pictures per second from files to batches, beside torchvision's ImageFolder with two workers, in one run.

    python benchmarks/store.py

Draws JPEGs of CelebA's size, 178 x 218 px, from a generator's faces. The first row is what most scripts do in each
epoch. Ours decodes once, into the store, and each step then reads its batch from there; the last row is the share of
`modern`'s training step at 64 px that waits for that batch.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from training import our_step

from gan.serve.faces import FaceModel
from gan.train.machine import hardware, keep_memory
from gan.train.pictures import sources
from gan.train.pictures.batches import batches
from gan.train.pictures.store import open_store
from gan.train.settings import DataSettings

ROOT = Path(__file__).resolve().parent.parent
SIZE, BATCH, RESOLUTION = (178, 218), 32, 64


def draw(folder: Path, count: int) -> None:
    """Faces with some noise, as cameras add it, as JPEG files."""
    model, random = FaceModel(ROOT / "weights" / "faces-128"), np.random.default_rng(0)
    folder.mkdir(parents=True)
    for start in range(0, count, 64):
        for seed, face in enumerate(model.made(range(start, min(start + 64, count))), start):
            picture = np.asarray(Image.fromarray(face).resize(SIZE, Image.Resampling.BICUBIC)).astype(int)
            picture = (picture + random.integers(-6, 7, picture.shape)).clip(0, 255).astype(np.uint8)
            Image.fromarray(picture).save(folder / f"{seed:06d}.jpg", quality=95)


def image_folder(folder: Path, count: int) -> float:
    """Pictures per second of the tutorials' way; the workers' start, once per epoch, is left out."""
    steps = [transforms.Resize(RESOLUTION), transforms.CenterCrop(RESOLUTION), transforms.ToTensor()]
    loader = DataLoader(
        datasets.ImageFolder(folder, transforms.Compose(steps)), BATCH, shuffle=True, num_workers=2, drop_last=True
    )
    arriving = iter(loader)
    next(arriving)
    start = time.perf_counter()
    return sum(len(pictures) for pictures, _ in arriving) / (time.perf_counter() - start)


def waiting(pictures: np.ndarray, steps: int) -> float:
    """Share of training steps that is spent waiting for their batches."""
    step, batch = our_step("modern")
    step()
    waited, start = 0.0, time.perf_counter()
    arriving = batches(pictures, 0, steps, 0, torch.device("cpu"), batch)
    while True:
        asked = time.perf_counter()
        arrived = next(arriving, None)
        waited += time.perf_counter() - asked
        if arrived is None:
            return waited / (time.perf_counter() - start)
        step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=6000, help="how many are drawn")
    parser.add_argument("--steps", type=int, default=60, help="training steps")
    arguments = parser.parse_args()
    keep_memory()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        draw(folder / "pictures" / "faces", arguments.pictures)
        theirs = image_folder(folder / "pictures", arguments.pictures)
        source = sources.find(DataSettings(train_data_dir=folder / "pictures"))
        start = time.perf_counter()
        store = open_store(source, RESOLUTION, folder / "store")
        ours = arguments.pictures / (time.perf_counter() - start)
        start = time.perf_counter()
        steps = len(store.train) // BATCH
        for _ in batches(store.train, 0, steps, 0, torch.device("cpu"), BATCH):
            pass
        read = steps * BATCH / (time.perf_counter() - start)
        share = waiting(store.train, arguments.steps)
    print(f"{hardware(torch.device('cpu'))}, {arguments.pictures:,} JPEGs of 178 x 218 to 64 px\n")
    print("| pictures from | a second | against ImageFolder |\n|---|---|---|")
    print(f"| ImageFolder and DataLoader with two workers, in each epoch | {theirs:,.0f} | 1.00 x |")
    print(f"| filling the store, once | {ours:,.0f} | {ours / theirs:.2f} x |")
    print(f"| batches from the store, in each epoch | {read:,.0f} | {read / theirs:.1f} x |")
    print(f"\nWaiting for batches: {share:.2%} of {arguments.steps} training steps of `modern`.")


if __name__ == "__main__":
    main()
