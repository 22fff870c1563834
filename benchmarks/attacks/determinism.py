"""Faces of seeds, places and looks, made in several ways: do they have the same hash?"""

import json
import os
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import torch

from benchmarks.attacks import forks, kills
from benchmarks.attacks.outcome import Outcome, times
from gan import hub
from gan.model.look import Look
from gan.model.point import Place
from gan.serve.faces import FaceModel

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
LOOKS = (Look(), Look(0.7), Look(1.2, age=1.5, smile=-1.0), Look(0.9, glasses=2.0, turn=0.5))
# how the faces are asked for: at a time, on how many threads, of a folder that was pushed and pulled
WAYS = [(64, 1, False), (64, 1, False), (7, 1, False), (1, 1, False), (64, 2, False), (7, 2, False), (1, 2, False),
        (64, 1, True)]  # fmt: skip


def hashed(folder: Path, count: int, at_once: int, threads: int) -> list[str]:
    """The hash of each of so many faces: seeds and places between them, in one of the looks in turn."""
    torch.set_num_threads(threads)
    model, found = FaceModel(folder), []
    for number, look in enumerate(LOOKS):
        seeds = range(number, count, len(LOOKS))
        points = [seed if seed % 3 else Place(seed, seed + 7, 0.4) for seed in seeds]
        for start in range(0, len(points), at_once):
            faces = model.made(points[start : start + at_once], look)
            found += [sha256(face.tobytes()).hexdigest() for face in faces]
    return found


def attack(share: float, seed: int) -> Iterator[Outcome]:
    """Every way in a process of its own; `seed` changes nothing here."""
    count = times(1_000, share)
    with tempfile.TemporaryDirectory(prefix="seedfaces-faults-") as place, kills.hub_at(Path(place) / "hub"):
        for folder in (WEIGHTS / "faces-64", WEIGHTS / "faces-128"):
            results = []
            for number, (at_once, threads, pulled) in enumerate(WAYS):
                result = Path(place) / f"{folder.name}-{number}"

                def work(folder=folder, at_once=at_once, threads=threads, pulled=pulled, result=result) -> None:
                    source = _round_trip(folder) if pulled else folder
                    result.write_text(json.dumps(hashed(source, count, at_once, threads)), encoding="ascii")

                if forks.wait(forks.fork(work, Path(place) / "log")):
                    raise RuntimeError((Path(place) / "log").read_text(encoding="utf-8")[-3000:])
                results.append(json.loads(result.read_text(encoding="ascii")))
            for way, result in zip(WAYS[1:], results[1:]):
                at_once, threads, pulled = way
                outcome = Outcome(f"{folder.name}: {at_once} at a time, {threads} thread{'s' * (threads > 1)}"
                                  + ", after a push and a pull" * pulled)  # fmt: skip
                other = [number for number, pair in enumerate(zip(result, results[0])) if pair[0] != pair[1]]
                outcome.ends["the same face"] += len(result) - len(other)
                outcome.ends.update({"another face": len(other)} if other else {})
                outcome.broken += [f"face {number}" for number in other]
                yield outcome


def _round_trip(folder: Path) -> Path:
    name = f"alice/{folder.name}"
    hub.prepare(name)
    hub.push(folder, name, "Round trip")
    pulled = hub.pull(name)
    assert os.path.realpath(pulled) != os.path.realpath(folder)
    return pulled
