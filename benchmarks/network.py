"""Faces per second of CPU time, as the weights are published and as the page uses them.

    python benchmarks/network.py

CPU time of one thread, so that other programs on the machine count little; the variants take turns.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from gan.model import latents, sampling, weights
from gan.model.folded import folded
from gan.serve import WEIGHTS
from gan.serve.network import BATCH
from gan.train.machine import hardware

ROUNDS = 15
FACES = 16


def main() -> None:
    torch.set_num_threads(1)
    print(f"`python benchmarks/network.py`, {hardware(torch.device('cpu'))}, torch {torch.__version__}\n")
    print("| weights | generator | batch | faces a CPU second | one face, CPU time | grey levels of difference |")
    print("|---|---|---|---|---|---|")
    for name in ("faces-64", "faces-128"):
        published = weights.load_generator(WEIGHTS / name).generator
        vectors = latents.from_seeds(range(FACES), published.project.in_features)
        expected = sampling.from_latents(published, vectors).astype(int)
        variants = {
            (words, size): generator
            for words, generator in {"as published": published, "folded": folded(published)}.items()
            for size in (sampling.BATCH, BATCH)
        }
        taken = {variant: ([], []) for variant in variants}
        for _ in range(ROUNDS):
            for variant, generator in variants.items():
                for times, some in zip(taken[variant], (vectors, vectors[:1])):
                    start = time.process_time()
                    sampling.from_latents(generator, some, size=variant[1])
                    times.append(time.process_time() - start)
        for (words, size), generator in variants.items():
            difference = np.abs(sampling.from_latents(generator, vectors, size=size) - expected).max()
            many, one = (np.median(times) for times in taken[words, size])
            print(
                f"| {name} | {words} | {size} | {FACES / many:.0f} | {1000 * one:.0f} ms | {difference} |", flush=True
            )


if __name__ == "__main__":
    main()
