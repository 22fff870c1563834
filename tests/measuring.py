"""What tests of measurements share: pictures, a feature network whose features are known."""

import numpy as np
import torch

from gan.train.measure.features import Features
from gan.train.pictures.store import Store


class Moments(torch.nn.Module):
    """A feature network whose features can be computed by hand."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        numbers = pictures.float() / 255
        return torch.cat([numbers.mean([2, 3]), numbers[:, 0].std([1, 2])[:, None]], 1)


def features_by_hand(folder) -> Features:
    torch.jit.script(Moments()).save(folder / "moments.pt")
    return Features(folder / "moments.pt")


def store_of(tmp_path, train: np.ndarray, held_out: np.ndarray | None = None) -> Store:
    info = {"name": "drawn", "resolution": train.shape[1]}
    return Store(tmp_path, info, train, train[:0] if held_out is None else held_out)


def drawn(count: int, brightness: float = 100.0, seed: int = 0) -> np.ndarray:
    random = np.random.RandomState(seed)
    level = random.normal(brightness, 20, (count, 1, 1, 3))
    return (level + random.normal(0, 10, (count, 16, 16, 3))).clip(0, 255).astype(np.uint8)


def moments(pictures: np.ndarray) -> np.ndarray:
    return Moments()(torch.from_numpy(pictures).permute(0, 3, 1, 2)).numpy()


TRAINING = {  # the `training` part of a config
    "recipe": "modern",
    "data": "UTKFace",
    "pictures_in_data": 20_319,
    "held_out": 1_004,
    "steps": 10,
    "planned_steps": 20,
    "pictures": 640,
    "hours": 1.25,
    "hardware": "2 cores",
    "commands": [{"from_step": 0, "planned_steps": 20, "command": "accelerate launch x"}],
}
DISTANCE = {
    "generator": "0123456789ab",
    "value": 2.349,
    "samples": 100,
    "reference": "first 100 training pictures of drawn",
    "floor": 0.1,
    "floor_pictures": 90,
    "features": "face.pt",
    "command": "python -m x",
}
_SPECTRUM, _COLOUR = {"decibels": -1.25, "at": 0.55}, {"levels": 2.5, "channel": "blue"}
QUALITY = {
    "generator": "0123456789ab",
    "precision": 0.714,
    "recall": 0.634,
    "neighbours": 3,
    "pictures": 10_000,
    "spectrum": _SPECTRUM,
    "colour": _COLOUR,
    "held_out": None,
    "memorisation": None,
    "floor": {
        "pictures": 9_000,
        "precision": 0.87,
        "recall": 0.88,
        "spectrum": {"decibels": 0.25, "at": 0.1},
        "colour": {"levels": 0.5, "channel": "red"},
    },
}
MEMORISATION = {
    "pictures": 1_004,
    "training_pictures": 20_319,
    "held_out_copies": 69,
    "median_samples": 4.5,
    "median_held_out": 4.25,
    "nearer_than": 2.0,
    "share_nearer": 0.0134,
}
