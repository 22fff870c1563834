"""Golden faces: ten faces of each released generator, kept as one picture, and four with each attribute moved.

    python -m tests.goldens

makes the pictures that are missing. An existing picture is never overwritten: links promise these faces.
"""

from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from gan.model import images
from gan.model.directions import Directions
from gan.model.look import Look
from gan.serve.faces import FaceModel

GOLDEN = Path(__file__).parent / "golden"
WEIGHTS = Path(__file__).parent.parent / "weights"
SEEDS = (0, 1, 2, 3, 4, 12, 1003, 123_456, 2**31, 2**32 - 1)
VARIATIONS = (1.0, 0.7)  # a row for each
SHAPED = SEEDS[:4]


def released() -> list[Path]:
    """All folders of this checkout that hold a generator, including those that only older links ask for."""
    return sorted(
        path.parent for pattern in ("*", "older/*") for path in WEIGHTS.glob(f"{pattern}/generator.safetensors")
    )


def rows(model: FaceModel) -> np.ndarray:
    """`(20, S, S, 3)` uint8: the ten seeds with each variation."""
    return np.concatenate([model.faces(SEEDS, Look(variation)) for variation in VARIATIONS])


def shaped(model: FaceModel, along: Directions) -> np.ndarray:
    """`(4 · K, S, S, 3)` uint8: the first four seeds, each attribute moved alone."""
    return np.concatenate([model.faces(SHAPED, Look(**{name: 1.5, "directions": along.id})) for name in along.of])


def wanted(folder: Path) -> dict[Path, Callable[[], np.ndarray]]:
    """The pictures of a released folder, and what makes their faces."""
    model = FaceModel(folder)
    moved = {GOLDEN / f"{model.id}-{along.id}.png": partial(shaped, model, along) for along in model.directions}
    return {GOLDEN / f"{model.id}.png": partial(rows, model), **moved}


def make_missing() -> None:
    for path, faces in chain.from_iterable(wanted(folder).items() for folder in released()):
        if path.exists():
            print(f"{path.relative_to(WEIGHTS.parent)} is there and stays")
            continue
        path.parent.mkdir(exist_ok=True)
        images.sheet(faces(), len(SHAPED if "-" in path.stem else SEEDS)).save(path)
        print(f"{path.relative_to(WEIGHTS.parent)} made")


if __name__ == "__main__":
    make_missing()
