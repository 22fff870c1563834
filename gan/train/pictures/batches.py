"""Store → batches. Their order depends on seed and step alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch


def indices_at(step: int, count: int, pictures_per_step: int, seed: int) -> np.ndarray:
    """Indices of the pictures that all processes together show in step `step`: `(pictures_per_step,)` int64.

    Epochs, each with its own permutation, are laid end to end and cut into steps. Every picture comes exactly once
    per epoch, and a resumed run needs no state but the step.
    """
    positions = np.arange(step * pictures_per_step, (step + 1) * pictures_per_step)
    epochs, places = np.divmod(positions, count)
    return np.array([_permutation(count, seed, int(epoch))[place] for epoch, place in zip(epochs, places)])


@lru_cache(maxsize=2)
def _permutation(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(count)


def batches(
    pictures: np.ndarray,
    start: int,
    stop: int,
    seed: int,
    device: torch.device,
    batch_size: int,
    accumulate: int = 1,
    process: int = 0,
    processes: int = 1,
) -> Iterator[list[torch.Tensor]]:
    """This process's share of each step from `start` to before `stop`: `accumulate` batches
    `(batch_size, S, S, 3)` uint8 on the device. The next step is read while the present one is computed."""

    def read(step: int) -> list[torch.Tensor]:
        indices = indices_at(step, len(pictures), batch_size * accumulate * processes, seed)
        mine = indices.reshape(accumulate, processes, batch_size)[:, process]
        chosen = [torch.from_numpy(pictures[batch]) for batch in mine]
        return [batch.pin_memory() for batch in chosen] if device.type == "cuda" else chosen

    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(read, start) if start < stop else None
        for step in range(start, stop):
            ready = ahead.result()
            ahead = reader.submit(read, step + 1) if step + 1 < stop else None
            # on Apple's GPU a copy that does not wait may read memory that is freed already (pytorch 189690)
            yield [batch.to(device, non_blocking=device.type == "cuda") for batch in ready]
