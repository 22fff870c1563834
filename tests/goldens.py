"""Golden faces: ten faces of each released generator, kept as one picture.

    python -m tests.goldens

makes the pictures that are missing. An existing picture is never overwritten: links promise these faces.
"""

from pathlib import Path

import numpy as np

from gan.model import images
from gan.model.look import Look
from gan.serve.faces import FaceModel

GOLDEN = Path(__file__).parent / "golden"
WEIGHTS = Path(__file__).parent.parent / "weights"
SEEDS = (0, 1, 2, 3, 4, 12, 1003, 123_456, 2**31, 2**32 - 1)
VARIATIONS = (1.0, 0.7)  # a row for each


def released() -> list[Path]:
    """All folders of this checkout that hold a generator, including those that only older links ask for."""
    return sorted(
        path.parent for pattern in ("*", "older/*") for path in WEIGHTS.glob(f"{pattern}/generator.safetensors")
    )


def rows(model: FaceModel) -> np.ndarray:
    """`(20, S, S, 3)` uint8: the ten seeds with each variation."""
    return np.concatenate([model.faces(SEEDS, Look(variation)) for variation in VARIATIONS])


def make_missing() -> None:
    for folder in released():
        model = FaceModel(folder)
        path = GOLDEN / f"{model.id}.png"
        if path.exists():
            print(f"{path.relative_to(WEIGHTS.parent)} is there and stays")
            continue
        path.parent.mkdir(exist_ok=True)
        images.sheet(rows(model), len(SEEDS)).save(path)
        print(f"{path.relative_to(WEIGHTS.parent)} made from {folder.relative_to(WEIGHTS.parent)}")


if __name__ == "__main__":
    make_missing()
