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
