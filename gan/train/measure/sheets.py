"""Sheets of training pictures and of samples, and the timeline of a run."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from gan.model import images, sampling

SHEET_SEEDS = range(64)  # the same faces on every sheet, and the first gallery of the page
TIMELINE_FACES = 16  # the first of them, through the run
TIMELINE_FRAMES = 60


def save_sheet(generator, path: Path) -> None:
    """8 x 8 faces of seeds 0-63 as one PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images.sheet(sampling.faces(generator, SHEET_SEEDS)).save(path)


def evenly(items: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the items, evenly picked, first and last included."""
    return items[np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)]


def save_reals(pictures: np.ndarray, path: Path) -> None:
    """Up to 64 training pictures, evenly picked, as the networks see them."""
    images.sheet(evenly(pictures, 64)).save(path)


def save_timeline(sheets: list[Path], resolution: int, path: Path, earlier: Path | None = None) -> None:
    """The first 16 faces of each sheet, oldest first, as a looping animated WebP; the last frame lasts longer.

    Args:
        resolution: side of a face, pixels.
        earlier: such a file of the weights that the run started from. Its frames come first, up to half of all, resized
            to fit.
    """
    before = []
    if earlier and earlier.exists():
        frames = [
            frame.convert("RGB").resize((4 * resolution,) * 2) for frame in ImageSequence.Iterator(Image.open(earlier))
        ]
        before = [frames[place] for place in evenly(np.arange(len(frames)), TIMELINE_FRAMES // 2)]
    frames = before + [
        images.sheet(images.unsheet(Image.open(sheet), resolution)[:TIMELINE_FACES], 4)
        for sheet in evenly(np.array(sheets), TIMELINE_FRAMES - len(before))
    ]
    milliseconds = [150] * (len(frames) - 1) + [2000]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, quality=80)
